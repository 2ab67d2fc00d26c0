import type { AttentionSite, AttentionStrategy } from "@paroattn/attention";

/** Dense attention that notes the sites it serves and, if asked, the weights' hash. */
export function watchedDense(options: { readonly fingerprint?: boolean } = {}) {
  const sites: AttentionSite[] = [];
  const hashes: string[] = [];
  const strategy: AttentionStrategy = {
    name: "watched",
    async start(generation) {
      if (options.fingerprint) hashes.push(await generation.weightsFingerprint());
      return {
        before: () => "compute",
        attend(site, front) {
          sites.push(site);
          return front.backend.attention({ operands: front.operands() }).output;
        },
        report: () => ({
          strategy: "watched",
          density: 1,
          denseShare: 1,
          cacheBytes: 0,
          precision: { qk: "f32", pv: "f32" },
          arithmetic: "native",
        }),
        dispose() {},
      };
    },
  };
  return { strategy, sites, hashes };
}
