// The part of kafkajs that aborted-records.ts changes; the library has no types for it.
declare module 'kafkajs/src/broker' {
  interface FetchedRecord {
    readonly offset: string;
    readonly key: Buffer | null;
    isControlRecord: boolean;
    readonly batchContext?: { readonly producerId: string; readonly inTransaction: boolean };
  }

  interface FetchedPartition {
    readonly messages: readonly FetchedRecord[];
    abortedTransactions?: readonly { readonly producerId: string; readonly firstOffset: string }[] | null;
  }

  interface FetchAnswer {
    readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[];
  }

  class Broker {
    fetch(request: unknown): Promise<FetchAnswer>;
  }

  export = Broker;
}
