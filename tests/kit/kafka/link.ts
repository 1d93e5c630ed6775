/**
 * A TCP link to a broker that can be cut in silence: nothing is forwarded, nothing is closed, as when a cable is pulled. What was on its
 * way arrives when the link is mended, in order, be its sender gone by then. Or it strands its connections, as a firewall does that has
 * forgotten them: those stay dead for ever, new ones work.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class Link {
  readonly #sockets = new Set<Socket>();
  /** What waits for the link to be mended; null while it is whole. */
  #held: (() => void)[] | null = null;
  /** Of the connections that are not stranded. */
  #era = 0;

  private constructor(
    private readonly server: Server,
    private readonly brokerPort: number,
  ) {
    server.on('connection', (client) => this.#join(client));
  }

  static async open(brokerPort: number): Promise<Link> {
    const server = createServer();
    const link = new Link(server, brokerPort);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return link;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  cut(): void {
    this.#held ??= [];
  }

  mend(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const forward of held) forward();
  }

  strand(): void {
    this.#era++;
  }

  async close(): Promise<void> {
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.server, 'close');
  }

  #join(client: Socket): void {
    const era = this.#era;
    const broker = connect(this.brokerPort, '127.0.0.1');
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk) => this.#pass(era, () => to.write(chunk)));
      from.on('error', () => {}); // 'close' follows
      from.on('close', () => {
        this.#sockets.delete(from);
        this.#pass(era, () => to.end());
      });
    }
  }

  #pass(era: number, forward: () => void): void {
    if (era !== this.#era) return;
    if (this.#held === null) forward();
    else this.#held.push(forward);
  }
}
