"""What the engine remembers. One module per noun; each changes only by its own events."""

from msgspec import Struct, field

from engine.state.campaigns import Campaigns
from engine.state.categories import Categories
from engine.state.complaints import Complaints
from engine.state.couriers import Couriers
from engine.state.customers import Customers
from engine.state.deliveries import Deliveries
from engine.state.groups import Groups
from engine.state.inventory import Inventory
from engine.state.ledger import Ledger
from engine.state.listings import Listings
from engine.state.order_changes import OrderChanges
from engine.state.orders import Orders
from engine.state.payments import Payments
from engine.state.planning_rounds import PlanningRounds
from engine.state.positions import Positions
from engine.state.prices import Prices
from engine.state.products import Products
from engine.state.promises import Promises
from engine.state.promotions import Promotions
from engine.state.purchases import Purchases
from engine.state.quotes import Quotes
from engine.state.ratings import Ratings
from engine.state.receipts import Receipts
from engine.state.reconciliations import Reconciliations
from engine.state.refunds import Refunds
from engine.state.reorders import Reorders
from engine.state.requests import Requests
from engine.state.settings import CurrentSettings
from engine.state.shifts import Shifts
from engine.state.staff import Staff
from engine.state.stores import Stores
from engine.state.timers import Timers
from engine.state.transfers import Transfers


class State(Struct):
    """All of it. No methods: whoever wants a fact asks the module that owns it."""

    settings: CurrentSettings = field(default_factory=CurrentSettings)
    timers: Timers = field(default_factory=Timers)
    requests: Requests = field(default_factory=Requests)
    stores: Stores = field(default_factory=Stores)
    products: Products = field(default_factory=Products)
    categories: Categories = field(default_factory=Categories)
    listings: Listings = field(default_factory=Listings)
    prices: Prices = field(default_factory=Prices)
    promotions: Promotions = field(default_factory=Promotions)
    customers: Customers = field(default_factory=Customers)
    complaints: Complaints = field(default_factory=Complaints)
    campaigns: Campaigns = field(default_factory=Campaigns)
    ratings: Ratings = field(default_factory=Ratings)
    inventory: Inventory = field(default_factory=Inventory)
    receipts: Receipts = field(default_factory=Receipts)
    transfers: Transfers = field(default_factory=Transfers)
    purchases: Purchases = field(default_factory=Purchases)
    reorders: Reorders = field(default_factory=Reorders)
    staff: Staff = field(default_factory=Staff)
    quotes: Quotes = field(default_factory=Quotes)
    orders: Orders = field(default_factory=Orders)
    payments: Payments = field(default_factory=Payments)
    refunds: Refunds = field(default_factory=Refunds)
    order_changes: OrderChanges = field(default_factory=OrderChanges)
    ledger: Ledger = field(default_factory=Ledger)
    reconciliations: Reconciliations = field(default_factory=Reconciliations)
    couriers: Couriers = field(default_factory=Couriers)
    positions: Positions = field(default_factory=Positions)
    deliveries: Deliveries = field(default_factory=Deliveries)
    planning_rounds: PlanningRounds = field(default_factory=PlanningRounds)
    promises: Promises = field(default_factory=Promises)
    shifts: Shifts = field(default_factory=Shifts)
    groups: Groups = field(default_factory=Groups)
