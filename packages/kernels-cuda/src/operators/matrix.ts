import {
  type Conv2dOptions,
  type Conv3dOptions,
  type DeviceTensor,
  type FeedForwardOptions,
  inferConv2d,
  inferConv3d,
  inferFeedForward,
  inferLinear,
  type LinearOptions,
} from "@paroattn/backend";
import type { Issuer } from "../issuer.js";
import { notOnCuda } from "./missing.js";

export function linear(issuer: Issuer, options: LinearOptions): DeviceTensor {
  inferLinear(options);
  return notOnCuda(issuer, "linear");
}

export function feedForward(issuer: Issuer, options: FeedForwardOptions): DeviceTensor {
  inferFeedForward(options);
  return notOnCuda(issuer, "feedForward");
}

export function conv2d(issuer: Issuer, options: Conv2dOptions): DeviceTensor {
  inferConv2d(options);
  return notOnCuda(issuer, "conv2d");
}

export function conv3d(issuer: Issuer, options: Conv3dOptions): DeviceTensor {
  inferConv3d(options);
  return notOnCuda(issuer, "conv3d");
}
