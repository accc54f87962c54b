// Looks at what charts show: how many points they have, and which colours are where on the canvas.
import type { Page } from 'playwright-core';

/** Waits until the chart of a card (`.temperature`) has this many points. */
export async function waitForPoints(page: Page, card: string, points: number): Promise<void> {
  await page.locator(`${card} .plot[data-points="${points}"]`).waitFor();
}

/** A part of a chart's time axis, in shares of its width. */
export interface Part {
  readonly from: number;
  readonly to: number;
}

/** Lets the page send and hear whatever it has on its way; a request of the test's own comes after all of it. */
export async function settle(page: Page): Promise<void> {
  await page.evaluate(`fetch('/health/live').then((answer) => answer.text())`);
}

/** Number of pixels of exactly a theme colour (`--anomaly`) in a part of a chart's plotting area. */
export async function pixelsOf(page: Page, card: string, color: string, { from, to }: Part): Promise<number> {
  // Drawing waits for the next frame.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  return page.evaluate(`(() => {
    const card = document.querySelector(${JSON.stringify(card)});
    const canvas = card.querySelector('canvas');
    const [over, whole] = [card.querySelector('.u-over'), canvas].map((one) => one.getBoundingClientRect());
    const scale = canvas.width / whole.width;
    const left = Math.round((over.left - whole.left + over.width * ${from}) * scale);
    const width = Math.max(1, Math.round(over.width * ${to - from} * scale));
    const { data } = canvas.getContext('2d').getImageData(left, (over.top - whole.top) * scale, width, over.height * scale);
    const probe = document.createElement('i');
    probe.style.color = 'var(${color})';
    card.append(probe);
    const [red, green, blue] = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
    probe.remove();
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) count += 1;
    }
    return count;
  })()`);
}

/** By how many pixels the page is wider than the window; 0 when it fits. */
export async function overflowOf(page: Page): Promise<number> {
  return page.evaluate('Math.max(0, document.documentElement.scrollWidth - innerWidth)');
}

/** Texts of a table's body, row by row, once it has rows: a table behind a summary is filled after it was opened. */
export async function tableTexts(page: Page, table: string): Promise<string[][]> {
  await page.locator(`${table} tbody tr`).first().waitFor();
  return page.evaluate(
    `[...document.querySelectorAll('${table} tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))`,
  );
}
