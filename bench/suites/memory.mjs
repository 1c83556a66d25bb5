// Peak memory of fresh processes, and installed sizes.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startEngine } from '../engines.mjs'
import { predictInFresh } from '../fresh.mjs'
import { modules, root } from '../paths.mjs'

const mebibyte = 2 ** 20

async function inferencePeaks(threads, { exporter, peers }) {
  const network = 'resnet50'
  const spec = { kind: 'network', network, batch: 1, size: 224 }
  const peak = async (engine, what) =>
    (await predictInFresh(engine, threads, network, await exporter.ask(what, { spec }))).peakMiB
  const peer = 'onnxruntime-node'
  return {
    ours: await peak('ocelli', 'weights'),
    peer,
    theirs: peers.includes(peer) ? await peak(peer, 'onnx') : null,
  }
}

async function trainingPeaks(threads, { peers }) {
  const spec = { kind: 'training', network: 'resnet50', batch: 8, size: 224, classes: 1000, fresh: true }
  const peak = async (engine) => {
    const worker = startEngine(engine, threads, { measuresMemory: true })
    try {
      await worker.ask('open', { spec })
      // The first step is done; later ones hold the momentum too.
      for (let step = 0; step < 2; step++) await worker.ask('time', { milliseconds: 0 })
      return await worker.ask('peak')
    } finally {
      await worker.stop()
    }
  }
  return {
    ours: await peak('ocelli'),
    peer: 'torch',
    theirs: peers.includes('torch') ? await peak('torch') : null,
  }
}

function sizeOfFolder(folder) {
  if (!existsSync(folder)) return 0
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((total, entry) => total + statSync(join(entry.parentPath ?? entry.path, entry.name)).size, 0)
}

/** The package with the addon of this machine, against all that an installation of onnxruntime-node brings. */
function installedSizes(_, { peers }) {
  const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
  })
  const addon = statSync(join(root, 'build/native/ocelli.node'), { throwIfNoEntry: false })?.size ?? 0
  const theirs = ['onnxruntime-node', 'onnxruntime-common']
    .map((name) => sizeOfFolder(join(modules, name)))
    .reduce((a, b) => a + b)
  const peer = 'onnxruntime-node'
  return {
    ours: (JSON.parse(packed.stdout)[0].unpackedSize + addon) / mebibyte,
    peer,
    theirs: peers.includes(peer) ? theirs / mebibyte : null,
  }
}

const cases = [
  { case: 'peak memory, resnet50 inference', batch: 1, measure: inferencePeaks },
  { case: 'peak memory, resnet50 training', batch: 8, measure: trainingPeaks },
  { case: 'installed size', once: true, measure: installedSizes },
]

async function* run(_, name, context) {
  const { options } = context
  for (const each of cases.filter((one) => options.matches(one.case))) {
    // Sizes on disk have a summary of their own.
    const suite = each.once ? 'size' : name
    for (const threads of each.once ? [undefined] : options.threads) {
      const { ours, peer, theirs } = await each.measure(threads, context)
      yield {
        suite,
        case: each.case,
        batch: each.batch,
        threads,
        peer: theirs === null ? null : peer,
        oursMiB: ours,
        peerMiB: theirs,
        ratio: theirs === null ? null : theirs / ours,
      }
    }
  }
}

export const memory = { peers: ['onnxruntime-node', 'torch'], optionalPeers: [], run }
