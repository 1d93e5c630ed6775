/**
 * Imported for its effect. kafkajs looks at a connection's waiting requests every millisecond for ever, from the first answer on, and with
 * negative delays, of which Node warns. With this it looks where a request waits, or the broker asked for less haste.
 */
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

const { scheduleCheckPendingRequests } = RequestQueue.prototype;

RequestQueue.prototype.scheduleCheckPendingRequests = function schedule(this: RequestQueue) {
  if (this.pending.length > 0 || this.throttledUntil > Date.now()) scheduleCheckPendingRequests.call(this);
};
