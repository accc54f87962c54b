// Hides records of aborted transactions where kafkajs 2.2.4 does not. It shows some to readers of committed records: when transactions of
// several producers overlap and reading begins among them, and after a record whose key is four zero bytes, which it takes for the
// end of the transaction (its src/consumer/filterAbortedMessages.js).
import Broker = require('kafkajs/src/broker');

type Fetched = Awaited<ReturnType<Broker['fetch']>>['responses'][number]['partitions'][number];

let isRepaired = false;

/** Has every client of this process, also those that exist already, hide the right records. */
export function repairAbortedRecords(): void {
  if (isRepaired) return;
  isRepaired = true;
  const { fetch } = Broker.prototype;
  Broker.prototype.fetch = async function (request) {
    const answer = await fetch.call(this, request);
    for (const { partitions } of answer.responses) for (const partition of partitions) hideAborted(partition);
    return answer;
  };
}

/**
 * Marks aborted records as control records: readers do not see these, and their offsets count as read. The list of transactions is
 * emptied, so that the library hides nothing by itself.
 */
export function hideAborted(partition: Fetched): void {
  const coming = [...(partition.abortedTransactions ?? [])].sort((a, b) =>
    Number(BigInt(a.firstOffset) - BigInt(b.firstOffset)),
  );
  partition.abortedTransactions = [];
  if (coming.length === 0) return;
  const aborted = new Set<string>();
  for (const record of partition.messages) {
    const offset = BigInt(record.offset);
    for (let [next] = coming; next !== undefined && BigInt(next.firstOffset) <= offset; [next] = coming) {
      aborted.add(next.producerId);
      coming.shift();
    }
    const { producerId, inTransaction } = record.batchContext ?? { producerId: '', inTransaction: false };
    if (record.isControlRecord) {
      if (isAbortMarker(record.key)) aborted.delete(producerId);
    } else if (inTransaction && aborted.has(producerId)) record.isControlRecord = true;
  }
}

/** The key of a control record is a version and a type, of two bytes each; type 0 ends an aborted transaction, type 1 a committed one. */
const isAbortMarker = (key: Buffer | null): boolean =>
  key !== null && key.length >= 4 && key.readInt16BE(2) === 0;
