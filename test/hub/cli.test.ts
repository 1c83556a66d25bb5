import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { cachePath, lockPath } from '../../src/hub/cache.ts'
import { listCache } from '../../src/hub/node.ts'
import { createModel, modelMetadata } from '../../src/models/index.ts'
import { saveSafetensors } from '../../src/weights/file.ts'
import { ocelli, start, temporaryFolder, writePicture } from '../support/command-line.ts'
import { type FileServer, fileServer, noise } from '../support/file-server.ts'
import { sharedPath } from '../support/shared.ts'

const folder = temporaryFolder()
const real = sharedPath('assets', 'weights', 'cifar10-resnet20-12fca82f.pth')
const published = modelMetadata('resnet20_cifar10').weights[0]!
const bytes = noise(400_000)

let server: FileServer
let home = ''
let count = 0
const settings = (): { cwd: string; env: Record<string, string> } => ({
  cwd: folder,
  env: { OCELLI_HOME: home, OCELLI_MIRROR: `${server.url}/mirror`, OCELLI_OFFLINE: '', HF_TOKEN: '' },
})
const run = (...args: string[]): ReturnType<typeof ocelli> => ocelli(args, settings())
const mirrored = (url: string): string => `/mirror/${url.replace('https://', '')}`

beforeAll(async () => {
  server = await fileServer()
  await writePicture(join(folder, 'photo.png'), [200, 30, 30])
  await saveSafetensors(join(folder, 'mine.safetensors'), (await createModel('resnet20_cifar10')).stateDict())
})
beforeEach(() => {
  home = join(folder, `home-${count++}`)
  server.seen.length = 0
  server.files.clear()
  if (real !== undefined) server.files.set(mirrored(published.url), { bytes: readFileSync(real) })
})

describe.skipIf(real === undefined)('a network named on the command line', () => {
  it('takes its published weights, with their classes', async () => {
    const { stdout, stderr, code } = await run('predict', 'photo.png', '--model', 'resnet20_cifar10')
    expect(stderr).toMatch(/^downloaded resnet20-12fca82f\.th: 1\.1 MB in /m)
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'photo.png'])
    expect(stdout).toMatch(/%\s+(airplane|automobile|bird|cat|deer|dog|frog|horse|ship|truck)/)
    const again = await run('predict', 'photo.png', '-m', 'resnet20_cifar10', '-w', published.tag)
    expect(again.stdout).toBe(stdout)
    expect(again.stderr).not.toMatch(/downloaded/)
    expect(server.gets().length).toBe(1)
  })

  it('is trained further from them, with other classes', async () => {
    for (const [name, colour] of [
      ['a', [200, 30, 30]],
      ['b', [30, 200, 30]],
    ] as const) {
      for (let i = 0; i < 4; i++) {
        const path = join(folder, 'colours', name, `${i}.png`)
        if (!existsSync(dirname(path)))
          await import('node:fs/promises').then((fs) => fs.mkdir(dirname(path), { recursive: true }))
        await writePicture(path, colour)
      }
    }
    const args = [
      'train',
      '--data',
      'colours',
      '-m',
      'resnet20_cifar10',
      '-w',
      'default',
      '--freeze',
      '--epochs',
      '1',
      '--val-split',
      '0',
      '--out',
      `run-${count}`,
    ]
    const { stderr, code } = await run(...args)
    expect(stderr).toMatch(
      /10 classes, from .*resnet20-12fca82f\.th; a new classifier for 2 classes, from the data/,
    )
    expect(code).toBe(0)
    const { flags } = JSON.parse(readFileSync(join(folder, `run-${count}`, 'run.json'), 'utf8')) as {
      flags: { weights: string }
    }
    expect(flags.weights).toBe(cachePath(home, published.url))
  })
})

describe('weights on the command line', () => {
  it('that are not there are explained', async () => {
    const unknown = await run('predict', 'photo.png', '--model', 'resnet18', '--weights', 'tv_in2k')
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      expect.stringMatching(
        /^ocelli: tv_in2k: no such file, and no weights of that name: resnet18 has tv_in1k, a1_in1k/,
      ),
    ])
    const none = await run('predict', 'photo.png', '--model', 'resnet50_v1')
    expect(none.stderr).toMatch(/^ocelli: resnet50_v1 has no published weights/)
    const missing = await run('predict', 'photo.png', '--model', 'resnet18')
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringMatching(/^ocelli: https:\/\/download\.pytorch\.org.*404 Not Found; /),
    ])
    const neither = await run('predict', 'photo.png')
    expect([neither.code, neither.stderr]).toEqual([2, expect.stringMatching(/which network\? --model NAME/)])
    const page = await run('predict', 'photo.png', '--model', 'scarlet_a')
    expect([page.code, page.stderr]).toEqual([1, expect.stringMatching(/a form that has to be filled in/)])
  })

  it('may be an address', async () => {
    server.files.set('/mirror/example.org/mine.safetensors', {
      bytes: readFileSync(join(folder, 'mine.safetensors')),
    })
    const { code, stdout } = await run(
      'predict',
      'photo.png',
      '-m',
      'resnet20_cifar10',
      '-w',
      'https://example.org/mine.safetensors',
    )
    expect([code, stdout.split('\n').length]).toEqual([0, 7])
    const converted = await run('convert', 'https://example.org/mine.safetensors', 'mine.pth')
    expect(converted.code).toBe(0)
    const inspected = await run('inspect', 'https://example.org/mine.safetensors')
    expect(inspected.stdout).toMatch(/resnet20_cifar10/)
    expect(server.gets().length).toBe(1)
  })

  it('are translated by convert', async () => {
    await saveSafetensors(
      join(folder, 'timm.safetensors'),
      (await createModel('mobilenetv3_small_100')).stateDict(),
    )
    const { code, stderr } = await run(
      'convert',
      'timm.safetensors',
      'tv.safetensors',
      '--model',
      'mobilenet_v3_small',
    )
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/names translated between torchvision's and timm's/),
    ])
    const back = await createModel('mobilenet_v3_small', { weights: join(folder, 'tv.safetensors') })
    expect(back.loadedWeights!.adaptations).toEqual([])
  })
})

describe('ocelli weights', () => {
  it.skipIf(real === undefined)('downloads, lists, finds and removes', async () => {
    const path = cachePath(home, published.url)
    expect(await run('weights', 'path', 'resnet20_cifar10')).toMatchObject({
      stdout: `${path}\n`,
      stderr: `not downloaded yet, from ${published.url}\n`,
    })
    expect((await run('weights', 'download', 'resnet20_cifar10')).stdout).toBe(`${path}\n`)
    expect(await run('weights', 'path', 'resnet20_cifar10', published.tag)).toMatchObject({
      stdout: `${path}\n`,
      stderr: '',
    })
    const listed = (await run('weights')).stdout
    expect(listed).toMatch(/^resnet20-12fca82f\.th\s+1\.1 MB {2}\d{4}-\d\d-\d\d {2}https:\/\/github\.com\//)
    expect(listed).toContain(`1 file, 1.1 MB, in ${home}`)
    expect((await run('weights', 'list', 'resnet20_cifar10')).stdout).toMatch(
      /akamaster_cifar10\s+91\.\d\s+1\.1 MB .*downloaded/,
    )
    const rows = JSON.parse((await run('weights', 'list', 'mobilenet_wd2', '--json')).stdout) as {
      tag: string
      why: string | null
    }[]
    const whyNot = (tag: string): string | null => rows.find((row) => row.tag === tag)!.why
    expect([whyNot('pytorchcv'), whyNot('keras_in1k')]).toEqual([null, null])
    expect(whyNot('tf_in1k')).toContain('in a form that cannot be loaded by name')
    expect((await run('weights', 'remove', 'resnet20_cifar10')).stdout).toBe('removed 1 file, 1.1 MB\n')
    expect(existsSync(path)).toBe(false)
    expect(await run('weights', 'remove', '--all')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/nothing of any weights has been downloaded/),
    })
    expect((await run('weights', 'path')).stdout).toBe(`${home}\n`)
  })

  it('refuses what it does not know', async () => {
    expect(await run('weights', 'fetch')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/takes list, path, download, remove; got 'fetch'/),
    })
    expect(await run('weights', 'download')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/which weights/),
    })
    expect(await run('weights', 'download', 'resnet81')).toMatchObject({ code: 2 })
  })

  it('takes several processes at once, and downloads once', async () => {
    server.files.set('/mirror/example.org/a.bin', { bytes, rate: 250_000 })
    const outputs = await Promise.all(
      [1, 2, 3].map(() => run('weights', 'download', 'https://example.org/a.bin')),
    )
    for (const { stdout, code } of outputs) {
      expect(code).toBe(0)
      expect(Buffer.compare(readFileSync(stdout.trim()), bytes)).toBe(0)
    }
    expect(server.gets().length).toBe(1)
    const waited = outputs.filter(({ stderr }) =>
      /a\.bin: process \d+ is downloading it; waiting/.test(stderr),
    )
    expect(waited.length).toBeGreaterThan(0)
  })

  it.each(['SIGKILL', 'SIGINT'] as const)(
    'goes on with what a process ended by %s has left',
    async (signal) => {
      const url = 'https://example.org/a.bin'
      server.files.set('/mirror/example.org/a.bin', { bytes, rate: 200_000 })
      const first = start(['weights', 'download', url], settings())
      const path = cachePath(home, url)
      for (let kept = 0; kept < 50_000; kept = (await listCache(home))[0]?.bytes ?? 0)
        await new Promise((resolve) => setTimeout(resolve, 50))
      first.kill(signal)
      const { code, stderr } = await first.finished
      if (signal === 'SIGINT')
        expect([code, stderr]).toEqual([
          130,
          expect.stringMatching(/interrupted; what has been downloaded is kept/),
        ])
      expect(existsSync(lockPath(path))).toBe(signal === 'SIGKILL')
      const kept = (await listCache(home))[0]!
      expect(kept.downloaded).toBeNull()
      server.files.set('/mirror/example.org/a.bin', { bytes })
      expect((await run('weights', 'download', url)).stdout).toBe(`${path}\n`)
      expect(server.gets()[1]!.sent).toBe(bytes.length - kept.bytes)
      expect(Buffer.compare(readFileSync(path), bytes)).toBe(0)
      expect(existsSync(lockPath(path))).toBe(false)
    },
  )

  it('works offline', async () => {
    const env = { ...settings().env, OCELLI_OFFLINE: '1' }
    const { code, stderr } = await ocelli(['weights', 'download', 'resnet18'], { cwd: folder, env })
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/is not on this machine, and downloads are turned off .*put it at /),
    ])
    const target = stderr.trim().replace(/.*put it at /, '')
    expect(target.startsWith(home)).toBe(true)
    writeFileSync(join(folder, 'note'), target)
    expect(server.seen.length).toBe(0)
  })
})
