import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { readImage } from '../../src/data/node.ts'
import { createDarknet } from '../../src/models/darknet-network.ts'
import { readDarknetConfig, saveDarknet } from '../../src/weights/file.ts'
import { type Finished, ocelli, temporaryFolder, writePicture } from '../support/command-line.ts'
import { sharedPath } from '../support/shared.ts'

const cwd = temporaryFolder()
const run = (...args: string[]): Promise<Finished> => ocelli(args, { cwd })
const file = (name: string): string => join(cwd, name)

const cfg =
  '[net]\nwidth=64\nheight=64\n[convolutional]\nfilters=4\nsize=3\nstride=2\npad=1\nactivation=leaky\n' +
  '[convolutional]\nfilters=7\nactivation=linear\n[yolo]\nanchors=20,20\nclasses=2\n'

beforeAll(async () => {
  writeFileSync(file('tiny.cfg'), cfg)
  const config = await readDarknetConfig(file('tiny.cfg'))
  await saveDarknet(file('tiny.weights'), config, createDarknet(config).stateDict(), { seen: 77 })
  await writePicture(file('bird.png'), [200, 120, 40])
  writeFileSync(file('broken.jpg'), 'no picture')
})

describe('ocelli detect', () => {
  it('finds the dog, the bicycle and the car', async () => {
    const weights = sharedPath('assets', 'weights', 'yolo-fastest-1.1.weights')
    const dog = sharedPath('assets', 'images', 'scenes', 'dog.jpg')
    if (weights === undefined || dog === undefined) return
    const network = ['--cfg', weights.replace(/weights$/, 'cfg'), '--weights', weights]
    const { code, stdout, stderr } = await run('detect', ...network, dog, '--out', 'boxes', '--json')
    expect(code, stderr).toBe(0)
    const { detections, picture, width } = JSON.parse(stdout)
    expect(width).toBe(768)
    const classes = (detections as { class: string }[]).map((each) => each.class)
    expect(classes).toEqual(expect.arrayContaining(['dog', 'bicycle', 'car']))
    const [drawn, photograph] = [await readImage(join(cwd, picture)), await readImage(dog)]
    expect([drawn.width, drawn.height]).toEqual([photograph.width, photograph.height])
    // The left edge of the surest car's box: bright green, which the photograph is not there.
    const [x1, y1, , y2] = detections[0].box as [number, number, number, number]
    const at = (Math.round((y1 + y2) / 2) * 768 + Math.round(x1) + 1) * 3
    expect(drawn.data[at + 1]! - photograph.data[at + 1]!).toBeGreaterThan(30)
  })

  it('writes pictures beside the images, goes on after broken ones if told to, and takes any weights', async () => {
    const network = ['--cfg', 'tiny.cfg', '--weights', 'tiny.weights']
    const broken = await run('detect', ...network, 'broken.jpg', 'bird.png')
    expect([broken.code, broken.stderr]).toEqual([1, expect.stringMatching(/broken.jpg: cannot be decoded/)])
    const skipped = await run(
      'detect',
      ...network,
      'broken.jpg',
      'bird.png',
      '--skip-corrupt',
      '--confidence',
      '0.9',
    )
    expect(skipped.code, skipped.stderr).toBe(0)
    expect(skipped.stdout).toMatch(/^bird.png: \d+ objects?, drawn in bird.boxes.png/)
    expect((await readImage(file('bird.boxes.png'))).channels).toBe(3)
    await run('convert', 'tiny.weights', 'tiny.safetensors', '--cfg', 'tiny.cfg')
    const shown = (weights: string): Promise<Finished> =>
      run(
        'detect',
        '--cfg',
        'tiny.cfg',
        '--weights',
        weights,
        'bird.png',
        '--no-pictures',
        '--json',
        '--confidence',
        '0',
      )
    expect((await shown('tiny.safetensors')).stdout).toBe((await shown('tiny.weights')).stdout)
  })

  it.each([
    [[], /which network\? give --cfg FILE/],
    [['--cfg', 'tiny.cfg', '--model', 'yolov3'], /not both/],
    [['--cfg', 'tiny.cfg'], /which weights\?/],
    [
      ['--cfg', 'tiny.cfg', '--weights', 'tiny.weights', '--size', '33'],
      /--size is a multiple of 2 .* got 33/,
    ],
    [['--cfg', 'tiny.cfg', '--weights', 'tiny.weights', '--letterbox', '--squash'], /exclude each other/],
    [['--cfg', 'tiny.cfg', '--weights', 'tiny.weights', '--iou', '3'], /--iou is from 0 to 1; got 3/],
  ])('with %j says what to do', async (args, message) => {
    const { code, stderr } = await run('detect', ...args, 'bird.png')
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)])
  })

  it('names the file that is not what it should be', async () => {
    const wrong = await run('detect', '--cfg', 'tiny.weights', '--weights', 'tiny.weights', 'bird.png')
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringMatching(/tiny.weights: line 1 is neither|first section/),
    ])
    writeFileSync(file('short.weights'), readFileSync(file('tiny.weights')).subarray(0, 100))
    const short = await run('detect', '--cfg', 'tiny.cfg', '--weights', 'short.weights', 'bird.png')
    expect([short.code, short.stderr]).toEqual([
      1,
      expect.stringMatching(/short.weights: .* runs out in layer 0/),
    ])
  })
})

describe('ocelli convert with Darknet files', () => {
  it('goes there and back, bit for bit, with what the header tells', async () => {
    for (const [from, to] of [
      ['tiny.weights', 'there.safetensors'],
      ['there.safetensors', 'back.weights'],
    ] as const) {
      const { code, stderr } = await run('convert', from, to, '--cfg', 'tiny.cfg')
      expect(code, stderr).toBe(0)
    }
    expect(Buffer.compare(readFileSync(file('back.weights')), readFileSync(file('tiny.weights')))).toBe(0)
    await run('convert', 'there.safetensors', 'cut.weights', '--cfg', 'tiny.cfg', '--layers', '1')
    const cut = readFileSync(file('cut.weights'))
    expect(cut.length).toBe(20 + 4 * (4 + 4 * 27))
    expect(Buffer.compare(cut, readFileSync(file('tiny.weights')).subarray(0, cut.length))).toBe(0)
    const nameless = await run('convert', 'there.safetensors', 'x.weights')
    expect([nameless.code, nameless.stderr]).toEqual([2, expect.stringMatching(/which network\?/)])
  })
})
