export type { App, Drawing, DrawingFiles, SampleModel } from "./app.js";
export { runDemo } from "./demo/demo.js";
export { encodeAnimation } from "./files/animation.js";
export { writePicture } from "./files/picture-file.js";
export { runApp } from "./run-app.js";
export { UsageError } from "./terminal/run-command.js";
