#!/usr/bin/env node
import { runApp } from "@paroattn/commands";
import { imageApp } from "./app.js";

await runApp(imageApp, process.argv.slice(2));
