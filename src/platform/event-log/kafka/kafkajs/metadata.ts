/**
 * Imported for its effect. Who names no topics is told of all that the cluster has; and who names some fails where any partition of any of
 * them has no leader just now, though the others could be read and written. Here who names none is told of the brokers, and a partition
 * without a leader is said to be led by nobody.
 */
import Broker from 'kafkajs/src/broker/index.js';
import { createErrorFromCode } from 'kafkajs/src/protocol/error.js';
import { describeCluster, speaksOurProtocol } from '../protocol/wire.js';

const { metadata } = Broker.prototype;

Broker.prototype.metadata = async function metadataOfNamed(this: Broker, names = []) {
  if (!speaksOurProtocol(this)) return metadata.call(this, names);
  const { topics, ...cluster } = await describeCluster(this, names);
  for (const { error } of topics) if (error !== 0) throw createErrorFromCode(error);
  const topicMetadata = topics.map(({ name, description: { leaders } }) => ({
    topic: name,
    partitionMetadata: leaders.map(({ nodeId }, partitionId) => ({ partitionId, leader: nodeId })),
  }));
  return { ...cluster, topicMetadata };
};
