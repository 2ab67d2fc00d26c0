// Ends while a command of minutes runs and another waits: both must be dropped.
import { add, issueLongAttention, native, upload } from "./addon.mjs";

const view = native.createRoot(2);
issueLongAttention(view);
add(view, upload(view, 1), upload(view, 1));
setTimeout(() => process.exit(7), 100);
