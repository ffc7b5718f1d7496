"""What operators ask for to put products in order, as commands."""

from engine import commands as c
from engine.values import CategoryId
from gateway import messages as m
from gateway.translation.table import Table

COMMAND_OF: Table = {
    m.DefineCategory: lambda b, _, __: c.DefineCategory(
        b.category, b.name, CategoryId(b.parent or "")
    ),
}
