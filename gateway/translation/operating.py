"""What operators ask for, as commands."""

import msgspec

from engine import commands as c
from engine import values as v
from engine.commands import ExternalCommand
from engine.settings import Settings
from gateway import messages as m
from gateway.tokens import Identity
from gateway.translation.goods import lines_of
from gateway.translation.table import Table
from gateway.wire import point
from geo.travel import TravelModel


def _register_store(b: m.RegisterStore, _: Identity, __: str) -> ExternalCommand:
    location = point(b.location, "location")
    return c.RegisterStore(v.StoreId(b.store), b.name, location, b.preparation_s * v.SECOND)


def _list_product(b: m.ListProduct, _: Identity, __: str) -> ExternalCommand:
    parts = lines_of(b.components)
    skills = [v.Skill(x) for x in b.skills]
    return c.ListProduct(
        v.ProductId(b.product), b.name, b.category, b.load, parts, skills, b.age_check
    )


def _change_settings(b: m.ChangeSettings, who: Identity, _: str) -> ExternalCommand:
    given = msgspec.structs.asdict(b.settings)
    travel = TravelModel(**msgspec.structs.asdict(given.pop("travel")))
    return c.ChangeSettings(Settings(**given, travel=travel), who.subject, b.why)


COMMAND_OF: Table = {
    m.RegisterStore: _register_store,
    m.ChangeStore: lambda b, _, __: c.ChangeStore(b.store, b.name, point(b.location, "location")),
    m.DefineCategory: lambda b, _, __: c.DefineCategory(
        b.category, b.name, v.CategoryId(b.parent or "")
    ),
    m.ListProduct: _list_product,
    m.DelistProduct: lambda b, _, __: c.DelistProduct(b.product),
    m.AssignDelivery: lambda b, _, __: c.AssignDelivery(b.courier, b.delivery, b.reason),
    m.GroupOrders: lambda b, _, __: c.GroupOrders(b.group, b.orders),
    m.DissolveGroup: lambda b, _, __: c.DissolveGroup(b.group),
    m.ChangeSettings: _change_settings,
}
