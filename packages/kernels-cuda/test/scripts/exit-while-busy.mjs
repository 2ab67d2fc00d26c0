// Ends while a command of seconds runs and another waits: the one must stop, both must be dropped.
import { add, issueLongAttention, native, upload } from "./addon.mjs";

const view = native.createRoot(0, 0);
issueLongAttention(view);
add(view, upload(view, 1), upload(view, 1));
setTimeout(() => process.exit(7), 100);
