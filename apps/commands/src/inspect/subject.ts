import type { Plan } from "@paroattn/attention";

/** What all pictures of one inspection tell of. */
export interface InspectionSubject {
  readonly prompt: string;
  readonly seed: number;
  readonly plan: Plan;
}
