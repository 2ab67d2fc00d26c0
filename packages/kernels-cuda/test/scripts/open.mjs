// Opens device argv[2] and says what came of it: { "name" } or { "error" }. Nothing of it may crash.
import { native } from "./addon.mjs";

try {
  const view = native.createRoot(Number(process.argv[2] ?? 0), 0);
  console.log(JSON.stringify({ name: native.describe(view).name }));
  native.close(view);
} catch (error) {
  console.log(JSON.stringify({ error: error.message }));
}
