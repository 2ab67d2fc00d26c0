/** Either of them says that somebody has chosen already. */
const POLICIES = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"] as const;
/**
 * Rounds that a thread looks for work before it sleeps, some tenths of a millisecond: longer than from one operator to
 * the next, for to wake a thread takes as long as a small operator. OpenMP's default, 300,000, takes milliseconds of a
 * busy core.
 */
const ROUNDS = "10000";

/**
 * Runs `load` so that OpenMP's threads sleep soon when they wait: it reads its settings when its library is loaded.
 * On a machine with other work, threads that spin keep the ones they wait for from running.
 * (In a worker thread, where `process.env` is a copy, this has no effect.)
 */
export function withShortWaits<T>(load: () => T): T {
  if (POLICIES.some((name) => process.env[name] !== undefined)) return load();
  process.env.GOMP_SPINCOUNT = ROUNDS;
  try {
    return load();
  } finally {
    // Child processes are not ours to configure.
    delete process.env.GOMP_SPINCOUNT;
  }
}
