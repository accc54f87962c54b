// Sample data of set `business`: orders of customers from creation to delivery, their payments, and the revenue of both.
import {
  customerMetrics,
  orderMetrics,
  paymentMetrics,
  revenueMetrics,
  systemMetrics,
} from '../../../db/schema/business';
import { type Random, randomAt } from '../random';
import {
  clamp,
  daily,
  fixed2,
  type Lines,
  perSeries,
  type SampleOptions,
  type SampleSet,
  stamp,
  wandering,
} from '../sample';

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
  /** Which of the customers. */
  readonly customer: number;
  readonly amount: number;
}

/** What will happen to an order. */
interface Due {
  readonly time: number;
  readonly order: Order;
  readonly status: 'paid' | 'shipped' | 'delivered' | 'cancelled';
}

interface State {
  due: Due[];
  /** Paid orders of the hour under way, by region. */
  readonly takings: { revenue: number; orders: number }[];
  hour: number;
  readonly load: number[];
}

interface Customer {
  readonly id: string;
  /** What this customer usually spends. */
  readonly typical: number;
}

/** What the parts of one step share. */
interface Moment {
  readonly time: number;
  readonly seconds: number;
  /** How much more goes on than on average. */
  readonly rush: number;
  readonly random: Random;
  readonly lines: Lines;
}

export const businessSample: SampleSet<State> = {
  name: 'business',
  tables: [orderMetrics, paymentMetrics, customerMetrics, revenueMetrics, systemMetrics],
  begin: () => ({
    due: [],
    takings: REGIONS.map(() => ({ revenue: 0, orders: 0 })),
    hour: 0,
    load: SERVICES.map(() => 0),
  }),
  walk(state, options) {
    const seconds = options.intervalSeconds;
    const customers = customersOf(options);
    const wander = wandering(seconds, 2);
    return (time, lines) => {
      const random = randomAt(options.seed, 'business', time);
      const moment: Moment = { time, seconds, rush: 1 + 0.8 * daily(time, 18), random, lines };
      // The revenue of an hour is written when the hour has ended, with the time of the first step of the next hour.
      const hour = Math.floor(time / HOUR);
      if (state.hour !== 0 && hour !== state.hour) tellRevenue(state, moment);
      state.hour = hour;
      for (const [which, customer] of customers.entries()) {
        visit(customer, moment);
        // Each customer orders every second day on average.
        const orders = random.poisson((seconds / 172_800) * moment.rush);
        for (let order = 0; order < orders; order += 1)
          state.due.push(...createOrder(which, customer, moment));
      }
      carryOut(state, customers, moment);
      state.load.forEach((before, at) => {
        const load = wander(before, random);
        state.load[at] = load;
        tellSystem(SERVICES[at] as string, load, moment);
      });
    };
  },
};

/** Writes a new order and decides its next steps; even one that is due at once is carried out later. */
function createOrder(which: number, customer: Customer, moment: Moment): Due[] {
  const { random } = moment;
  const time = timeIn(moment);
  // One in fifty is far above what the customer usually spends.
  const unusual = random.uniform() < 0.02 ? 8 : 1;
  const amount = Math.round(customer.typical * unusual * Math.exp(0.4 * random.normal()) * 100) / 100;
  const order: Order = { id: random.uuid(), customer: which, amount };
  tellOrder(time, order, customer, 'created', moment);
  const after = (hours: number): number => Math.ceil(time + hours * HOUR * (0.5 + random.uniform()));
  if (random.uniform() < 0.06) return [{ time: after(2), order, status: 'cancelled' }];
  const paid = after(0.1);
  const shipped = paid + Math.ceil(HOUR * (4 + 20 * random.uniform()));
  const delivered = shipped + Math.ceil(DAY * (1 + 2 * random.uniform()));
  return [
    { time: paid, order, status: 'paid' },
    { time: shipped, order, status: 'shipped' },
    { time: delivered, order, status: 'delivered' },
  ];
}

/** Carries out what is due. An order whose payment fails is cancelled and goes no further. */
function carryOut(state: State, customers: readonly Customer[], moment: Moment): void {
  const until = moment.time + moment.seconds * 1000;
  const now = state.due.filter(({ time }) => time < until).sort((a, b) => a.time - b.time);
  const unpaid = new Set<string>();
  for (const { time, order, status } of now) {
    if (unpaid.has(order.id)) continue;
    const customer = customers[order.customer] as Customer;
    if (status === 'paid' && !pay(time, order, customer, moment)) {
      unpaid.add(order.id);
      tellOrder(time, order, customer, 'cancelled', moment);
      continue;
    }
    tellOrder(time, order, customer, status, moment);
    const takings = state.takings[order.customer % REGIONS.length];
    if (status !== 'paid' || takings === undefined) continue;
    takings.revenue += order.amount;
    takings.orders += 1;
  }
  state.due = state.due.filter(({ time, order }) => time >= until && !unpaid.has(order.id));
}

function tellOrder(
  time: number,
  { id, amount }: Order,
  customer: Customer,
  status: Due['status'] | 'created',
  { lines }: Moment,
): void {
  lines[0] += `${stamp(time)}\t${id}\t${customer.id}\t${status}\t${fixed2(amount)}\n`;
}

/** Writes a payment; the more is paid, and the riskier the method, the higher the fraud score. False when it fails. */
function pay(time: number, order: Order, { id, typical }: Customer, { random, lines }: Moment): boolean {
  const { method, risk } = methodOf(random.uniform());
  const unusual = 22 * Math.log(Math.max(1, order.amount / typical));
  const score = clamp(risk + unusual + 6 * random.normal() + order.amount / 40, 0, 100);
  const failed = random.uniform() < (score > 80 ? 0.7 : 0.02);
  lines[1] += `${stamp(time)}\t${random.uuid()}\t${order.id}\t${id}\t${fixed2(order.amount)}\t${failed ? 'failed' : 'completed'}\t${method}\t${fixed2(score)}\n`;
  return !failed;
}

/** What a customer does besides ordering. */
function visit({ id, typical }: Customer, moment: Moment): void {
  const { random, lines } = moment;
  // About ten visits a day.
  const visits = random.poisson((moment.seconds / 8_640) * moment.rush);
  for (let visit = 0; visit < visits; visit += 1) {
    const at = stamp(timeIn(moment));
    const channel = random.uniform() < 0.6 ? 'app' : 'web';
    const [metric, value] = random.pick([
      ['page_views', Math.ceil(12 * random.uniform())],
      ['session_seconds', 240 * Math.exp(0.6 * random.normal())],
      ['basket_value', typical * Math.exp(0.4 * random.normal())],
    ] as const);
    lines[2] += `${at}\t${id}\t${metric}\t${fixed2(value)}\t{"channel": "${channel}"}\n`;
  }
}

function tellRevenue({ takings }: State, { time, random, lines }: Moment): void {
  takings.forEach((each, at) => {
    const profit = each.revenue * (0.2 + 0.05 * random.uniform());
    lines[3] += `${stamp(time)}\t${REGIONS[at]}\t${fixed2(each.revenue)}\t${fixed2(profit)}\t${each.orders}\n`;
    each.revenue = 0;
    each.orders = 0;
  });
}

// As agents report it: load in steps of a tenth of a percent, requests and failures as counted, latency in whole milliseconds.
function tellSystem(service: string, load: number, { time, seconds, rush, random, lines }: Moment): void {
  const busy = clamp(30 * rush + 8 * load, 2, 98);
  // Per minute, as is the rate. About two in a thousand fail, and four times as many on a busy service.
  const requests = random.poisson((busy * 3 * seconds) / 60);
  const failed = Math.min(requests, random.poisson(requests * 0.002 * (busy > 70 ? 4 : 1)));
  const errors = requests === 0 ? 0 : (100 * failed) / requests;
  const latency = Math.round(80 * Math.exp(busy / 60 + 0.1 * random.normal()));
  lines[4] += `${stamp(time)}\t${service}\t${fixed1(busy)}\t${fixed1(40 + busy / 4)}\t${fixed2((requests * 60) / seconds)}\t${fixed2(errors)}\t${latency}\n`;
}

const fixed1 = (value: number): string => fixed2(Math.round(value * 10) / 10);

function methodOf(chance: number): (typeof METHODS)[number] {
  let left = chance;
  for (const each of METHODS) {
    left -= each.share;
    if (left < 0) return each;
  }
  return METHODS[0];
}

/** An instant within the step. */
const timeIn = ({ time, seconds, random }: Moment): number =>
  time + Math.floor(random.uniform() * seconds * 1000);

const customersOf = ({ seed, series }: SampleOptions): readonly Customer[] =>
  perSeries(series, (which) => {
    const random = randomAt(seed, 'customer', which);
    return { id: random.uuid(), typical: 60 * Math.exp(0.7 * random.normal()) };
  });
