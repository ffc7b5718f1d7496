"""A static pickup-and-delivery problem with hard time windows, and what makes one impossible."""

from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Objective = Literal["vehicles", "distance"]


class InstanceError(ValueError):
    """The instance cannot be a problem, whatever the solver: the message names the nodes."""


class Instance(Struct, frozen=True, eq=False):
    """N nodes, depots among them; R requests, each a pickup node and a delivery node.

    Travel is both cost and time, in the unit of the instance; it need be neither symmetric nor
    Euclidean. A route starts and ends at the same depot, within the depot's window.
    """

    name: str
    travel: NDArray[np.float64]  # (N, N) from row to column
    ready: NDArray[np.float64]  # (N,) earliest start of service
    due: NDArray[np.float64]  # (N,) latest start of service; at depots, the latest return
    service: NDArray[np.float64]  # (N,) duration of service, ignored at depots
    quantity: NDArray[np.int64]  # (N,) positive at pickups, its negative at deliveries
    pickup: NDArray[np.int32]  # (R,) nodes
    delivery: NDArray[np.int32]  # (R,) nodes
    depots: NDArray[np.int32]  # (D,) nodes
    vehicles: NDArray[np.int32]  # (D,) how many at each depot
    capacity: int


def check_instance(instance: Instance) -> None:
    """Raise InstanceError unless every request can be served by a vehicle of its own."""
    _check_shapes(instance)
    _check_numbers(instance)
    _check_requests(instance)
    alone = ways_alone(instance)
    if not alone.any(axis=0).all():
        r = int(np.argmin(alone.any(axis=0)))
        p, d = int(instance.pickup[r]), int(instance.delivery[r])
        raise InstanceError(
            f"{instance.name}: request {p} -> {d} cannot be served in time even by a vehicle alone"
        )


def ways_alone(instance: Instance) -> NDArray[np.bool_]:
    """(D, R) whether a vehicle of the depot can serve the request and nothing else."""
    i, p, d = instance, instance.pickup, instance.delivery
    start = i.depots[:, None]
    time = np.maximum(i.ready[start] + i.travel[start, p], i.ready[p])
    fits = time <= i.due[p] + 1e-9
    time = np.maximum(time + i.service[p] + i.travel[p, d], i.ready[d])
    fits &= time <= i.due[d] + 1e-9
    fits &= time + i.service[d] + i.travel[d, start] <= i.due[start] + 1e-9
    result: NDArray[np.bool_] = fits & (i.vehicles[:, None] > 0)
    return result


def _check_shapes(instance: Instance) -> None:
    nodes, requests, depots = len(instance.ready), len(instance.pickup), len(instance.depots)
    expected = {
        "travel": (nodes, nodes),
        "due": (nodes,),
        "service": (nodes,),
        "quantity": (nodes,),
        "delivery": (requests,),
        "vehicles": (depots,),
    }
    for field, shape in expected.items():
        if getattr(instance, field).shape != shape:
            found = getattr(instance, field).shape
            raise InstanceError(f"{instance.name}: {field} has shape {found}, expected {shape}")
    if depots == 0:
        raise InstanceError(f"{instance.name}: there is no depot")
    listed = np.concatenate([instance.depots, instance.pickup, instance.delivery])
    if len(listed) and (listed.min() < 0 or listed.max() >= nodes):
        raise InstanceError(
            f"{instance.name}: a depot or request names a node outside 0..{nodes - 1}"
        )
    uses = np.bincount(listed, minlength=nodes)
    if (uses != 1).any():
        node = int(np.argmax(uses != 1))
        raise InstanceError(
            f"{instance.name}: node {node} has {uses[node]} uses, expected one: "
            "depot, pickup or delivery"
        )


def _check_numbers(instance: Instance) -> None:
    for field in ("travel", "ready", "due", "service"):
        values = getattr(instance, field)
        if not np.isfinite(values).all():
            where = np.argwhere(~np.isfinite(values))[0].tolist()
            raise InstanceError(f"{instance.name}: {field} at {where} is not a finite number")
    for field in ("travel", "service"):
        values = getattr(instance, field)
        if (values < 0).any():
            where = np.argwhere(values < 0)[0].tolist()
            raise InstanceError(f"{instance.name}: {field} at {where} is negative")
    if (instance.ready > instance.due).any():
        node = int(np.argmax(instance.ready > instance.due))
        raise InstanceError(
            f"{instance.name}: node {node} is due at {instance.due[node]:g}, "
            f"before it is ready at {instance.ready[node]:g}"
        )
    unable = instance.vehicles.sum() == 0 and len(instance.pickup) > 0
    if (instance.vehicles < 0).any() or unable:
        raise InstanceError(f"{instance.name}: there are no vehicles, or a negative number of them")


def _check_requests(instance: Instance) -> None:
    for p, d in zip(instance.pickup.tolist(), instance.delivery.tolist(), strict=True):
        load = int(instance.quantity[p])
        if load <= 0 or load != -int(instance.quantity[d]):
            raise InstanceError(
                f"{instance.name}: request {p} -> {d} picks up {load} "
                f"and delivers {-int(instance.quantity[d])}"
            )
        if load > instance.capacity:
            raise InstanceError(
                f"{instance.name}: request {p} -> {d} is {load}, "
                f"more than the capacity {instance.capacity}"
            )
