import { groupScale, ZERO_GROUP_SCALE } from "./codes.js";
import { refuse } from "./errors.js";
import { checkMagnitudes, LARGEST_MAGNITUDE } from "./magnitudes.js";

/** The largest magnitude of each channel, [rowLength]; 1 where that is 0 or below the smallest normal float32. */
export function channelScalesOf(data: Float32Array, rowLength: number): Float32Array {
  const scales = new Float32Array(rowLength);
  for (let i = 0; i < data.length; i++) {
    const channel = i % rowLength;
    scales[channel] = Math.max(scales[channel]!, Math.abs(data[i]!));
  }
  return scales.map((amax) => groupScale(amax, 1) ?? ZERO_GROUP_SCALE);
}

/** data * (1 / scale) of its channel, in float32. Throws a `QuantError` where that leaves the range of the codec. */
export function divideChannels(options: {
  data: Float32Array;
  rowLength: number;
  channelScales: Float32Array;
}): Float32Array {
  const { data, rowLength, channelScales } = options;
  if (channelScales.length !== rowLength) {
    refuse(`${rowLength} channelScales, one a channel,`, channelScales.length);
  }
  const factors = channelScales.map((scale, channel) => {
    if (!(scale > 0 && scale <= LARGEST_MAGNITUDE)) {
      refuse(`a positive number up to 2^127 at channelScales[${channel}]`, scale);
    }
    return 1 / scale;
  });
  const divided = data.map((x, i) => x * factors[i % rowLength]!);
  checkMagnitudes(divided, "in data over the channelScales");
  return divided;
}
