import { runDemo } from "@paroattn/commands";
import { imageApp } from "./app.js";

await runDemo(imageApp, process.argv.slice(2));
