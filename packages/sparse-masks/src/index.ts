export type { BlockMaskData } from "./block-mask.js";
