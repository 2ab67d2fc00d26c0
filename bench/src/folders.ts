import { fileURLToPath } from "node:url";

/** From src as from dist. */
export const benchFolder = fileURLToPath(new URL("..", import.meta.url));
export const repositoryFolder = fileURLToPath(new URL("../..", import.meta.url));
