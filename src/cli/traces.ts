/** Sends the spans of this process to a collector, by OTLP over HTTP with JSON. This alone loads the SDK of OpenTelemetry. */
import { DiagLogLevel, diag } from '@opentelemetry/api'
import { log } from '../log.ts'
import { VERSION } from '../version.ts'

/** The end of the process does not wait longer for a collector that does not answer. */
const LONGEST_FLUSH_MS = 2000
const COMPLAIN_EVERY_MS = 60_000

/** Starts sending spans; what is returned sends the last ones. The other variables `OTEL_…` are read by the SDK. */
export async function startTraces(url: string): Promise<() => Promise<void>> {
  const [{ BatchSpanProcessor, NodeTracerProvider }, { OTLPTraceExporter }, resources] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = resources
  diag.setLogger(complaints(), { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true })
  const own = resourceFromAttributes({ 'service.name': 'chatelaine', 'service.version': VERSION })
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(own)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }))],
  })
  provider.register()
  return async () => {
    const giveUp = Promise.withResolvers<void>()
    const timer = setTimeout(giveUp.resolve, LONGEST_FLUSH_MS)
    await Promise.race([provider.shutdown().catch(() => {}), giveUp.promise])
    clearTimeout(timer)
  }
}

/** A collector that is away fails every few seconds: it is told once a minute. */
function complaints() {
  let last = Number.NEGATIVE_INFINITY
  const error = () => {
    if (performance.now() - last < COMPLAIN_EVERY_MS) return
    last = performance.now()
    log.error({ name: 'TracesNotSent' }, 'spans could not be sent to OTEL_EXPORTER_OTLP_ENDPOINT')
  }
  const nothing = () => {}
  return { error, warn: nothing, info: nothing, debug: nothing, verbose: nothing }
}
