/**
 * Imported for its effect. Who names no topics is told of all that the cluster has, and fails where any partition of any of them, whosever
 * it is, has no leader just now. Nobody here wants that: who names none is told of the brokers.
 */
import Broker from 'kafkajs/src/broker/index.js';
import { describeCluster, speaksOurProtocol } from '../protocol/wire.js';

const { metadata } = Broker.prototype;

Broker.prototype.metadata = async function metadataOfNamed(this: Broker, topics = []) {
  if (topics.length > 0 || !speaksOurProtocol(this)) return metadata.call(this, topics);
  const { clusterId, controllerId, brokers } = await describeCluster(this, []);
  return { clusterId, controllerId, brokers, topicMetadata: [] };
};
