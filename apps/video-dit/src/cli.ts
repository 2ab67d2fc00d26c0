#!/usr/bin/env node
import { runApp } from "@paroattn/commands";
import { videoApp } from "./app.js";

await runApp(videoApp, process.argv.slice(2));
