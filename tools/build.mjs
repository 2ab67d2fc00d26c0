// npm run build: installs what is missing and builds every package.
import { prepare } from "./setup/prepare.mjs";
import { main } from "./setup/steps.mjs";

await main(prepare);
