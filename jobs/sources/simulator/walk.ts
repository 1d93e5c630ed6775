/**
 * A random walk whose value at any step can be computed alone: Brownian motion by midpoint displacement between anchors.
 * Must stay true: pure (the same spec and step give the same value for ever), at about a microsecond a value.
 *
 * Each halving gives one half between a quarter and three quarters of the variance that is left, so that calm and wild times
 * alternate at every scale (Mandelbrot, Fisher, Calvet, "A Multifractal Model of Asset Returns", 1997). The anchors are independent,
 * so the walk wanders for years and yet stays near its level.
 */
import { fraction, hash, normal } from './random.js';

const { floor, sqrt } = Math;

export interface Walk {
  seed: number;
  /** 2^levels steps lie between two anchors. */
  levels: number;
  /** Standard deviation of an anchor. */
  anchorSd: number;
  /** Mean standard deviation of one step. */
  stepSd: number;
}

export function walkAt(walk: Walk, step: number): number {
  const span = 2 ** walk.levels;
  const anchor = floor(step / span);
  let offset = step - anchor * span;
  let left = walk.anchorSd * normal(hash(walk.seed, anchor));
  if (offset === 0) return left;
  let right = walk.anchorSd * normal(hash(walk.seed, anchor + 1));
  let variance = walk.stepSd ** 2 * span;
  let width = span / 2;
  for (let node = 1; ; width /= 2) {
    const bits = hash(walk.seed, anchor, node, 1);
    const share = 0.25 + 0.5 * fraction(bits);
    const middle = left + (right - left) * share + sqrt(variance * share * (1 - share)) * normal(hash(bits, node));
    if (offset === width) return middle;
    if (offset < width) {
      right = middle;
      variance *= share;
      node = 2 * node;
    } else {
      left = middle;
      variance *= 1 - share;
      node = 2 * node + 1;
      offset -= width;
    }
  }
}
