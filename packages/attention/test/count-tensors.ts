import type { Backend } from "@paroattn/backend";

/** The backend; counts what the generation's own scope holds at its end, after the run was disposed of. */
export function countTensors(root: Backend): { backend: Backend; left: () => number } {
  const alive = new Set<object>();
  let left = Number.NaN;
  const track = <T extends Disposable & { dispose(): void }>(resource: T): T => {
    alive.add(resource);
    const dispose = resource.dispose.bind(resource);
    const once = () => {
      alive.delete(resource);
      dispose();
    };
    return Object.assign(resource, { dispose: once, [Symbol.dispose]: once });
  };
  const wrap = <T extends Backend>(backend: T, depth: number): T =>
    new Proxy(backend, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        if (name === "scope") return () => wrap(target.scope(), depth + 1);
        if (depth === 1 && name === Symbol.dispose) {
          return () => {
            left = alive.size;
            value.call(target);
          };
        }
        if (depth !== 1 || !["reshape", "prepareMask", "upload"].includes(String(name))) {
          return value.bind(target);
        }
        return (options: never) => track(value.call(target, options));
      },
    });
  return { backend: wrap(root, 0), left: () => left };
}
