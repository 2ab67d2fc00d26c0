import type { AxisOrder, BlockPartition, OrderScore, TokenLayout } from "@paroattn/reorder";
import type { BlockMask } from "@paroattn/sparse-masks";
import type { GuidanceBranch } from "../strategy.js";

/** One head's softmax map in one order, at one step, averaged over the guidance branches. */
export interface OrderView extends OrderScore {
  readonly order: AxisOrder;
  /** What the two scores weigh together, among the orders of this head; the lowest is the best. */
  readonly cost: number;
  /** [blocks, blocks], query blocks first: softmax entries of the block / its query rows, so that a row of blocks sums to 1. */
  readonly masses: Float64Array;
}

/** One head: every order, and what the plan makes of it. */
export interface HeadView {
  readonly head: number;
  /** One per order of the layout, native first. */
  readonly orders: readonly OrderView[];
  /** The plan's order: chosen from scores averaged over its prompts, steps and branches, or forced. */
  readonly planned: AxisOrder;
  /** The order that the scores of this step alone would choose. */
  readonly cheapest: AxisOrder;
  /** The plan's mask for this step, of this head alone, over blocks in the planned order. */
  readonly mask: BlockMask;
  /** Valid query-key pairs in kept blocks / all of them. */
  readonly density: number;
  /** Softmax entries in kept blocks / all of them. */
  readonly keptMass: number;
}

/** All heads of one layer at one step. */
export interface LayerView {
  readonly layer: number;
  /** 0-based step of the run, how many it has, and the training timestep that the model was asked for. */
  readonly step: number;
  readonly steps: number;
  readonly timestep: number;
  /** What was averaged: the guidance branch of each batch row. */
  readonly branches: readonly GuidanceBranch[];
  readonly layout: TokenLayout;
  readonly partition: BlockPartition;
  /** The plan's masks for this step serve the timesteps from `from` up to, not including, `below`; none: no bound. */
  readonly bucket: {
    readonly index: number;
    readonly from: number | undefined;
    readonly below: number | undefined;
  };
  readonly heads: readonly HeadView[];
}
