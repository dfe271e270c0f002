"""The use cases of Domain dataset groups, as recommenders name them.

Sources: Developer Guide, ECOMMERCE-use-cases and VIDEO_ON_DEMAND-use-cases (event types, identifiers, and which
events make the service leave out what the user had already). Descriptions are ours.
"""

from typing import Any, Final

from embedded_aws.personalize.recipes import popularity, related_items, trending, user_personalization
from embedded_aws.personalize.recipes.base import Asks, Recipe

_ECOMMERCE: Final[dict[str, Any]] = {"domain": "ECOMMERCE", "batch": False}
_VIDEO: Final[dict[str, Any]] = {"domain": "VIDEO_ON_DEMAND", "batch": False}

USE_CASES: Final = (
    Recipe(
        name="aws-ecomm-popular-items-by-views",
        recipe_type="POPULAR_ITEMS",
        description="Most viewed: the items with the most views.",
        fit=popularity.fit,
        scored=False,
        event_type="View",
        **_ECOMMERCE,
    ),
    Recipe(
        name="aws-ecomm-popular-items-by-purchases",
        recipe_type="POPULAR_ITEMS",
        description="Best sellers: the items with the most purchases.",
        fit=popularity.fit,
        scored=False,
        event_type="Purchase",
        **_ECOMMERCE,
    ),
    Recipe(
        name="aws-ecomm-frequently-bought-together",
        recipe_type="RELATED_ITEMS",
        description="Frequently bought together: what customers buy with an item.",
        fit=related_items.fit_bought_together,
        asks=Asks.ITEM,
        scored=False,
        event_type="Purchase",
        **_ECOMMERCE,
    ),
    Recipe(
        name="aws-ecomm-customers-who-viewed-x-also-viewed",
        recipe_type="RELATED_ITEMS",
        description="Customers who viewed X also viewed: what else was viewed, without the user's purchases.",
        fit=related_items.fit_also,
        asks=Asks.USER_AND_ITEM,
        scored=False,
        event_type="View",
        event_types_excluded=("Purchase",),
        **_ECOMMERCE,
    ),
    Recipe(
        name="aws-ecomm-recommended-for-you",
        recipe_type="USER_PERSONALIZATION",
        description="Recommended for you: what a user will interact with, without the user's purchases.",
        fit=user_personalization.fit_first,
        explores=True,
        event_types_excluded=("Purchase",),
        **_ECOMMERCE,
    ),
    Recipe(
        name="aws-vod-because-you-watched-x",
        recipe_type="RELATED_ITEMS",
        description="Because you watched X: what others watched, too, without what the user watched.",
        fit=related_items.fit_also,
        asks=Asks.USER_AND_ITEM,
        scored=False,
        event_type="Watch",
        event_types_excluded=("Watch",),
        **_VIDEO,
    ),
    Recipe(
        name="aws-vod-more-like-x",
        recipe_type="RELATED_ITEMS",
        description="More like X: videos that are like one, without what the user watched.",
        fit=related_items.fit_similar_items,
        asks=Asks.USER_AND_ITEM,
        scored=False,
        event_types_excluded=("Watch",),
        needs=("INTERACTIONS", "ITEMS"),
        **_VIDEO,
    ),
    Recipe(
        name="aws-vod-most-popular",
        recipe_type="POPULAR_ITEMS",
        description="Most popular: the videos that the most users watched.",
        fit=popularity.fit_by_users,
        scored=False,
        event_type="Watch",
        **_VIDEO,
    ),
    Recipe(
        name="aws-vod-trending-now",
        recipe_type="POPULAR_ITEMS",
        description="Trending now: the videos whose number of interactions grows the most.",
        fit=trending.fit,
        asks=Asks.NOTHING,
        scored=False,
        **_VIDEO,
    ),
    Recipe(
        name="aws-vod-top-picks",
        recipe_type="USER_PERSONALIZATION",
        description="Top picks for you: what a user will interact with, without what the user watched.",
        fit=user_personalization.fit_first,
        explores=True,
        event_types_excluded=("Watch",),
        **_VIDEO,
    ),
)
