// What an example of an operation is made of.

/** A call and the status that it has. */
export interface Call {
  readonly address: string;
  readonly body?: string | object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
}
