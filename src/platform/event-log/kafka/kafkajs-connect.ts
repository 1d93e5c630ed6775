/**
 * Imported for its effect. Whoever sends while kafkajs's connection is not there yet opens one: two at once open two, of which one stays
 * behind unused, until the broker closes it for being idle and kafkajs takes that for the end of the other. With this they wait for the same.
 */
import Connection from 'kafkajs/src/network/connection.js';

const { connect } = Connection.prototype;
const connecting = new WeakMap<Connection, Promise<boolean>>();

Connection.prototype.connect = function connectOnce(this: Connection) {
  const underWay = connecting.get(this) ?? connect.call(this).finally(() => connecting.delete(this));
  connecting.set(this, underWay);
  return underWay;
};
