import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What the relay counts. Labels are words of the protocol: never an id, a name or an address. */
export type Metrics = {
  readonly registry: Registry
  readonly connections: Gauge
  readonly devices: Gauge
  readonly handshakes: Counter<'outcome'>
  readonly requests: Counter<'kind' | 'outcome'>
  readonly duration: Histogram<'kind'>
  readonly refusals: Counter<'code' | 'reason'>
  readonly closes: Counter<'code'>
  readonly appended: Counter
  readonly appendedBytes: Counter
  readonly delivered: Counter
  readonly deliveredBytes: Counter
  readonly snapshots: Counter
  readonly pruned: Counter
  readonly ready: Gauge
}

/** Milliseconds between two looks at the event loop's lag: at the package's 10 an idle relay spent half a percent of a core on it. */
const RARELY = 100

/** New metrics in a registry of their own. `process`: with those of the process (memory, event loop). */
export function makeMetrics(process: boolean, loadedVaults: () => number): Metrics {
  const registry = new Registry()
  const registers = [registry]
  if (process) collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: RARELY })
  const vaults: Gauge = new Gauge({
    name: 'coffer_relay_vaults_loaded',
    help: 'Vaults whose state is in memory.',
    registers,
    collect(): void {
      vaults.set(loadedVaults())
    },
  })
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `coffer_relay_${name}`, help, registers })
  const counter = <L extends string = string>(
    name: string,
    help: string,
    labelNames: L[] = [],
  ): Counter<L> => new Counter({ name: `coffer_relay_${name}_total`, help, labelNames, registers })
  return {
    registry,
    connections: gauge('connections', 'Open WebSocket connections.'),
    devices: gauge('devices', 'Devices with an authenticated connection.'),
    handshakes: counter('handshakes', 'Handshakes by how they ended.', ['outcome']),
    requests: counter('requests', 'Requests by kind and how they ended.', ['kind', 'outcome']),
    duration: new Histogram({
      name: 'coffer_relay_request_seconds',
      help: 'Time from a request to its reply.',
      labelNames: ['kind'],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers,
    }),
    refusals: counter('refusals', 'Refusals by code and reason.', ['code', 'reason']),
    closes: counter('closes', 'Connections closed by the relay, by WebSocket code.', ['code']),
    appended: counter('appended_entries', 'New entries made durable.'),
    appendedBytes: counter('appended_bytes', 'Bytes of appended entries.'),
    delivered: counter('delivered_entries', 'Entries pushed to devices.'),
    deliveredBytes: counter('delivered_bytes', 'Bytes pushed to devices.'),
    snapshots: counter('kept_snapshots', 'Snapshots that a checkpoint named and that are kept.'),
    pruned: counter('pruned_positions', 'Positions of logs that were passed by pruning.'),
    ready: gauge('ready', 'Whether /readyz answers 200.'),
  }
}
