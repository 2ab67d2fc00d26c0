import { type Backend, createReferenceBackend } from "../../src/index.js";

/** Methods that do something else than the original, which they may call. */
export type Faults = { [Name in keyof Backend]?: (original: Backend) => Backend[Name] };

/** The reference with faults put in, in its scopes too. */
export function brokenBackend(faults: Faults): Backend {
  return withFaults(createReferenceBackend(), faults);
}

function withFaults<View extends Backend>(view: View, faults: Faults): View {
  return new Proxy(view, {
    get(target, name) {
      const fault = faults[name as keyof Backend];
      if (fault !== undefined) return fault(target);
      if (name === "scope") {
        return (...options: Parameters<Backend["scope"]>) =>
          withFaults(target.scope(...options), faults);
      }
      const member = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
