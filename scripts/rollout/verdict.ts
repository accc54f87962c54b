// What a look at a workload can tell.

/** Whose log explains a failure. */
export interface LogPlace {
  readonly pod: string;
  readonly container: string;
  /** The container has been started again since: its last run has the reason. */
  readonly previous: boolean;
}

/** What keeps a workload from coming up. */
export interface Trouble {
  /** The same for as long as it is the same trouble, whatever its text counts. */
  readonly key: string;
  readonly text: string;
  /**
   * How long, in seconds, it may last before the rollout counts as failed: 0 when it cannot end by itself, Infinity when only
   * the time limit of the rollout decides.
   */
  readonly patience: number;
  readonly log?: LogPlace;
  /** The last words of the container, for when its log cannot be read. */
  readonly words?: string | undefined;
  /** A pod of an earlier version that the StatefulSet waits for, and which will never be ready. */
  readonly stuckPod?: PodSeen;
}

/** A pod as it was when it was looked at. Another one can have its name by now, and it can have recovered. */
export interface PodSeen {
  readonly name: string;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

export type Verdict =
  | { readonly kind: 'complete'; readonly text: string }
  | { readonly kind: 'progressing'; readonly text: string; readonly trouble?: Trouble | undefined };

export const complete = (text: string): Verdict => ({ kind: 'complete', text });

export const progressing = (text: string, trouble?: Trouble): Verdict => ({
  kind: 'progressing',
  text,
  trouble,
});
