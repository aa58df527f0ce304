// What the connection did since the last look, from the deltas of getStats.

const PAIRS = {
  encode: ['outbound-rtp', 'totalEncodeTime', 'framesEncoded'],
  pacer: ['outbound-rtp', 'totalPacketSendDelay', 'packetsSent'],
  jitterBuffer: ['inbound-rtp', 'jitterBufferDelay', 'jitterBufferEmittedCount'],
  decode: ['inbound-rtp', 'totalDecodeTime', 'framesDecoded'],
};

export class RtcStats {
  #before = null;

  /**
   * Takes a getStats() report; returns null the first time, and after a new connection. Else: `ms` {encode, pacer, jitterBuffer, decode} means, NaN
   * where unknown; `up` and `down` {kbps, fps, width, height, codec}; `limited` by what; counts since the last look: `encoded`,
   * `dropped` (received but never shown), `lost` packets; `rtt` ms.
   */
  next(report) {
    const now = pick(report);
    const before = this.#before;
    this.#before = now;
    if (!before || !now['outbound-rtp'] || before['outbound-rtp']?.id !== now['outbound-rtp'].id) return null;
    const grown = (type, name) => (now[type]?.[name] ?? NaN) - (before[type]?.[name] ?? 0);
    const seconds = (now.at - before.at) / 1000;
    if (!(seconds > 0) || grown('outbound-rtp', 'bytesSent') < 0) return null;
    const ms = {};
    for (const [name, [type, sum, count]] of Object.entries(PAIRS)) ms[name] = (1000 * grown(type, sum)) / grown(type, count);
    const flow = (type, bytes, frames) => ({
      kbps: (grown(type, bytes) * 8) / 1000 / seconds,
      fps: grown(type, frames) / seconds,
      width: now[type]?.frameWidth,
      height: now[type]?.frameHeight,
      codec: now.codecs[now[type]?.codecId]?.replace('video/', ''),
    });
    return {
      at: now.at,
      ms,
      up: flow('outbound-rtp', 'bytesSent', 'framesEncoded'),
      down: flow('inbound-rtp', 'bytesReceived', 'framesDecoded'),
      limited: now['outbound-rtp'].qualityLimitationReason ?? null,
      encoded: grown('outbound-rtp', 'framesEncoded'),
      dropped: grown('inbound-rtp', 'framesDropped'),
      lost: grown('inbound-rtp', 'packetsLost'),
      rtt: (now.pair?.currentRoundTripTime ?? NaN) * 1000,
    };
  }
}

function pick(report) {
  const found = { codecs: {}, pair: null, at: 0 };
  for (const entry of report.values()) {
    if (entry.type === 'codec') found.codecs[entry.id] = entry.mimeType;
    else if (entry.type.endsWith('bound-rtp') && entry.kind === 'video') found[entry.type] ??= entry;
    else if (entry.type === 'candidate-pair' && entry.nominated && entry.state === 'succeeded') found.pair = entry;
    found.at = Math.max(found.at, entry.timestamp);
  }
  return found;
}
