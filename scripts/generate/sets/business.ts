// Sample data of set `business`: orders of customers from creation to delivery, their payments, and the revenue of both.
import {
  customerMetrics,
  orderMetrics,
  paymentMetrics,
  revenueMetrics,
  systemMetrics,
} from '../../../db/schema/business';
import { type Random, randomAt } from '../random';
import { daily, fixed2, type Lines, perSeries, type SampleOptions, type SampleSet, stamp } from '../sample';

const REGIONS = ['north', 'south', 'east', 'west'];
const SERVICES = ['shop', 'billing', 'shipping'];
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How often a method is chosen, and the fraud score that it starts from. */
const METHODS = [
  { method: 'card', share: 0.55, risk: 12 },
  { method: 'transfer', share: 0.2, risk: 5 },
  { method: 'wallet', share: 0.17, risk: 18 },
  { method: 'voucher', share: 0.08, risk: 35 },
] as const;

interface Order {
  readonly id: string;
  readonly customer: number;
  readonly amount: number;
}

/** What will happen to an order. */
interface Due {
  readonly time: number;
  readonly order: Order;
  readonly status: 'paid' | 'shipped' | 'delivered' | 'cancelled';
}

interface Takings {
  revenue: number;
  orders: number;
}

interface State {
  due: Due[];
  /** Paid orders of the hour under way, by region. */
  readonly takings: Takings[];
  hour: number;
  readonly load: number[];
}

interface Customer {
  readonly id: string;
  /** What this customer usually spends. */
  readonly typical: number;
}

export const businessSample: SampleSet<State> = {
  name: 'business',
  seriesAre: 'customers',
  tables: [orderMetrics, paymentMetrics, customerMetrics, revenueMetrics, systemMetrics],
  begin: () => ({
    due: [],
    takings: REGIONS.map(() => ({ revenue: 0, orders: 0 })),
    hour: 0,
    load: SERVICES.map(() => 0),
  }),
  advance(state, time, options, lines) {
    const random = randomAt(options.seed, 'business', time);
    const customers = customersOf(options);
    const until = time + options.intervalSeconds * 1000;
    // The revenue of an hour is written when the hour has ended, with the time of the first step of the next hour.
    const hour = Math.floor(time / HOUR);
    if (state.hour !== 0 && hour !== state.hour) tellRevenue(state, time, lines, random);
    state.hour = hour;
    const rush = 1 + 0.8 * daily(time, 18);
    customers.forEach((customer, which) => {
      actOf(customer, time, options, rush, random, lines);
      // Each customer orders every second day on average.
      const orders = random.poisson((options.intervalSeconds / 172_800) * rush);
      for (let order = 0; order < orders; order += 1)
        state.due.push(...createOrder(which, customer, momentIn(time, options, random), random, lines));
    });
    const now = state.due.filter((each) => each.time < until).sort((a, b) => a.time - b.time);
    state.due = state.due.filter((each) => each.time >= until);
    const unpaid = new Set<string>();
    for (const each of now) {
      if (unpaid.has(each.order.id)) continue;
      const customer = customers[each.order.customer] as Customer;
      if (!follow(each, customer, state, random, lines)) unpaid.add(each.order.id);
    }
    tellSystems(state, time, options, rush, random, lines);
  },
};

/** Writes a new order and decides its next step; even a step that is due at once is carried out later. */
function createOrder(
  which: number,
  { id, typical }: Customer,
  time: number,
  random: Random,
  lines: Lines,
): Due[] {
  // One in fifty is far above what the customer usually spends.
  const unusual = random.uniform() < 0.02 ? 8 : 1;
  const amount = Math.round(typical * unusual * Math.exp(0.4 * random.normal()) * 100) / 100;
  const order: Order = { id: random.uuid(), customer: which, amount };
  lines[0] += `${stamp(time)}\t${order.id}\t${id}\tcreated\t${fixed2(amount)}\n`;
  const after = (hours: number): number => Math.ceil(time + hours * HOUR * (0.5 + random.uniform()));
  if (random.uniform() < 0.06) return [{ time: after(2), order, status: 'cancelled' }];
  const paid: Due = { time: after(0.1), order, status: 'paid' };
  const shipped: Due = {
    time: paid.time + Math.ceil(HOUR * (4 + 20 * random.uniform())),
    order,
    status: 'shipped',
  };
  const delivered = shipped.time + Math.ceil(DAY * (1 + 2 * random.uniform()));
  return [paid, shipped, { time: delivered, order, status: 'delivered' }];
}

/** Carries out a step of an order; false when it was the last because the payment failed. */
function follow(
  { time, order, status }: Due,
  customer: Customer,
  state: State,
  random: Random,
  lines: Lines,
): boolean {
  if (status === 'paid' && !pay(time, order, customer, random, lines)) {
    // An order whose payment failed goes no further.
    state.due = state.due.filter((each) => each.order.id !== order.id);
    lines[0] += `${stamp(time)}\t${order.id}\t${customer.id}\tcancelled\t${fixed2(order.amount)}\n`;
    return false;
  }
  lines[0] += `${stamp(time)}\t${order.id}\t${customer.id}\t${status}\t${fixed2(order.amount)}\n`;
  if (status !== 'paid') return true;
  const takings = state.takings[order.customer % REGIONS.length] as Takings;
  takings.revenue += order.amount;
  takings.orders += 1;
  return true;
}

/** Writes a payment; the more is paid, and the riskier the method, the higher the fraud score. False when it fails. */
function pay(time: number, order: Order, customer: Customer, random: Random, lines: Lines): boolean {
  const { method, risk } = methodOf(random.uniform());
  const score = Math.min(
    100,
    Math.max(
      0,
      risk +
        22 * Math.log(Math.max(1, order.amount / customer.typical)) +
        6 * random.normal() +
        order.amount / 40,
    ),
  );
  const failed = random.uniform() < (score > 80 ? 0.7 : 0.02);
  lines[1] += `${stamp(time)}\t${random.uuid()}\t${order.id}\t${customer.id}\t${fixed2(order.amount)}\t${failed ? 'failed' : 'completed'}\t${method}\t${fixed2(score)}\n`;
  return !failed;
}

function actOf(
  { id, typical }: Customer,
  time: number,
  options: SampleOptions,
  rush: number,
  random: Random,
  lines: Lines,
): void {
  // About ten visits a day.
  const visits = random.poisson((options.intervalSeconds / 8_640) * rush);
  for (let visit = 0; visit < visits; visit += 1) {
    const at = stamp(momentIn(time, options, random));
    const channel = random.uniform() < 0.6 ? 'app' : 'web';
    const [metric, value] = random.pick([
      ['page_views', Math.ceil(12 * random.uniform())],
      ['session_seconds', 240 * Math.exp(0.6 * random.normal())],
      ['basket_value', typical * Math.exp(0.4 * random.normal())],
    ] as const);
    lines[2] += `${at}\t${id}\t${metric}\t${fixed2(value)}\t{"channel": "${channel}"}\n`;
  }
}

function tellRevenue({ takings }: State, time: number, lines: Lines, random: Random): void {
  takings.forEach((each, at) => {
    const profit = each.revenue * (0.2 + 0.05 * random.uniform());
    lines[3] += `${stamp(time)}\t${REGIONS[at]}\t${fixed2(each.revenue)}\t${fixed2(profit)}\t${each.orders}\n`;
    each.revenue = 0;
    each.orders = 0;
  });
}

function tellSystems(
  { load }: State,
  time: number,
  { intervalSeconds }: SampleOptions,
  rush: number,
  random: Random,
  lines: Lines,
): void {
  const memory = Math.exp(-intervalSeconds / 7_200);
  SERVICES.forEach((service, at) => {
    load[at] = memory * (load[at] as number) + Math.sqrt(1 - memory ** 2) * random.normal();
    const busy = Math.min(98, Math.max(2, 30 * rush + 8 * load[at]));
    const errors = 0.2 * Math.exp(0.5 * random.normal()) * (busy > 70 ? 4 : 1);
    lines[4] += `${stamp(time)}\t${service}\t${fixed2(busy)}\t${fixed2(40 + busy / 4)}\t${fixed2(busy * 3)}\t${fixed2(errors)}\t${fixed2(80 * Math.exp(busy / 60 + 0.1 * random.normal()))}\n`;
  });
}

function methodOf(chance: number): (typeof METHODS)[number] {
  let left = chance;
  for (const each of METHODS) {
    left -= each.share;
    if (left < 0) return each;
  }
  return METHODS[0];
}

const momentIn = (time: number, { intervalSeconds }: SampleOptions, random: Random): number =>
  time + Math.floor(random.uniform() * intervalSeconds * 1000);

// Computed once and not in every step.
const known = new Map<string, readonly Customer[]>();

function customersOf({ seed, series }: SampleOptions): readonly Customer[] {
  const key = `${seed} ${series}`;
  const customers =
    known.get(key) ??
    perSeries(series, (at) => {
      const random = randomAt(seed, 'customer', at);
      return { id: random.uuid(), typical: 60 * Math.exp(0.7 * random.normal()) };
    });
  known.set(key, customers);
  return customers;
}
