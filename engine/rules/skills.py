"""Skills: what some goods ask of whoever carries them, as a cold box, or leave to check an age."""

from collections.abc import Iterable, Sequence

from engine.rejections import Detail, RejectionReason
from engine.rules.promising import retry_after_s
from engine.settings import Settings
from engine.state.couriers import Couriers
from engine.state.products import Product
from engine.values import Skill

SKILLS_MAX = 20  # of one product, or of one courier
SKILL_CHARACTERS = 40
Fault = tuple[RejectionReason, Detail]


def are_skills(skills: list[Skill]) -> bool:
    """Each once, and no more than anybody could have."""
    one_each = len(dict.fromkeys(skills)) == len(skills) <= SKILLS_MAX
    return one_each and all(0 < len(x) <= SKILL_CHARACTERS for x in skills)


def needed(products: Iterable[Product]) -> list[Skill]:
    """What carrying all of these asks for, sorted."""
    found: dict[Skill, None] = {}
    for product in products:
        if product.skills:
            found.update(dict.fromkeys(product.skills))
    return sorted(found)


def lacking(skills: Sequence[Skill], has: Sequence[Skill]) -> list[Skill]:
    """What is asked for and not there."""
    return [x for x in skills if x not in has]


def unable_now(
    settings: Settings, couriers: Couriers, skills: Sequence[Skill], load: int
) -> Fault | None:
    """Why nobody on shift could carry so much of it, however little else there is to do.

    Missing are the skills that nobody has; where each is had by somebody, all of them together.
    """
    able, at_work = couriers.able(skills), couriers.working().size
    retry_s = retry_after_s(settings)
    if at_work and not able.numbers.size:
        unknown = [x for x in skills if not couriers.able([x]).numbers.size]
        return _missing(unknown or skills, retry_after_s=retry_s)
    if load > able.capacity_max:
        return RejectionReason.NO_CAPACITY_NOW, {"retry_after_s": retry_s}
    return None


def missing_anywhere(couriers: Couriers, skills: Sequence[Skill]) -> Fault | None:
    """Why nobody who ever signed up could carry it: who will be there later, nobody knows yet."""
    kinds = couriers.skilled
    if not skills or any(not lacking(skills, x) for x in kinds):
        return None
    unknown = [x for x in skills if not any(x in kind for kind in kinds)]
    return _missing(unknown or skills)


def _missing(skills: Sequence[Skill], **more: int) -> Fault:
    return RejectionReason.SKILL_MISSING, {"skills": [str(x) for x in skills], **more}
