"""How couriers' phones are doing, as they say themselves. Kept as long as the server runs."""

from gateway import messages as m


class Devices:
    """By courier. Whose were heard of is collected until somebody looks."""

    def __init__(self) -> None:
        self._known: dict[str, m.DeviceTold] = {}
        self._changed: dict[str, None] = {}

    def note(self, courier: str, said: m.DeviceState) -> None:
        """A field that is not said is as before; a problem that is not said is over."""
        old = self._known.get(courier) or m.DeviceTold()
        self._known[courier] = m.DeviceTold(
            old.battery_pct if said.battery_pct is None else said.battery_pct,
            old.charging if said.charging is None else said.charging,
            old.mock if said.mock is None else said.mock,
            said.permission or old.permission,
            said.problem,
        )
        self._changed[courier] = None

    def get(self, courier: str) -> m.DeviceTold | None:
        return self._known.get(courier)

    def take_changed(self) -> dict[str, None]:
        """Since the last call."""
        changed, self._changed = self._changed, {}
        return changed
