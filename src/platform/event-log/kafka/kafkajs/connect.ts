/**
 * Imported for its effect: two things that kafkajs gets wrong about opening connections.
 * Whoever sends while a connection is not there yet opens one: two at once open two, of which one stays behind unused, until the broker
 * closes it for being idle and kafkajs takes that for the end of the other. Here they wait for the same.
 * A broker that takes the connection and does not say what it speaks, for it is busy or not ready, counts as connected from then on, and
 * each request fails with an error that says nothing of the kind. Here the connection goes with the attempt; and one that says nothing at all
 * is not connected, so that another one of the list is tried: kafkajs would ask the same one again and again.
 */
import kafkajs from 'kafkajs';
import Broker from 'kafkajs/src/broker/index.js';
import Connection from 'kafkajs/src/network/connection.js';

const { connect: openConnection } = Connection.prototype;
const opening = new WeakMap<Connection, Promise<boolean>>();

Connection.prototype.connect = function connectOnce(this: Connection) {
  const underWay = opening.get(this) ?? openConnection.call(this).finally(() => opening.delete(this));
  opening.set(this, underWay);
  return underWay;
};

const { connect: connectBroker } = Broker.prototype;

Broker.prototype.connect = async function connectOrNot(this: Broker) {
  try {
    await connectBroker.call(this);
  } catch (error) {
    await this.disconnect();
    throw error instanceof kafkajs.KafkaJSRequestTimeoutError ? new kafkajs.KafkaJSConnectionError(error.message) : error;
  }
};
