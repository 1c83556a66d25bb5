import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { signedOf, weightsOf } from '../../scripts/golden.mjs'
import { createModel, summary } from '../../src/models/index.ts'
import { noGrad, tensor } from '../../src/tensor/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocelli-golden-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function golden(...args: string[]): Promise<Finished> {
  const script = join(import.meta.dirname, '../../scripts/golden.mjs')
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], { cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

const salt = 'test'
const input = [1, 1, 32, 32]

/** A right case of LeNet-5. */
async function lenetCase() {
  const model = await createModel('lenet5')
  const stateDict = [...model.stateDict()].map(([name, { shape }]) => [name, [...shape]] as const)
  for (const [name, shape] of stateDict)
    model
      .stateDict()
      .get(name)!
      .load(weightsOf(salt, name, shape))
  model.eval()
  const output = noGrad(() => model.forward(tensor(signedOf(salt, 'input', input), input)))
  const values = [...(await output.data())]
  const { parameters, macs } = summary(model, input)
  return {
    case: 'lenet5@32x32',
    name: 'lenet5',
    input,
    params: parameters,
    macs,
    stateDict,
    eval: [
      {
        shape: [1, 10],
        l2: Math.hypot(...values),
        argmax: values.indexOf(Math.max(...values)),
        stride: 1,
        sample: values,
      },
    ],
  }
}

function write(name: string, content: unknown): string {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  return name
}

const lenet = await lenetCase()
const stranger = { ...lenet, case: 'stranger@32x32', name: 'stranger' }

describe('npm run golden', () => {
  it('passes what is right, and names what it does not know', async () => {
    const { code, stdout } = await golden(write('right.json', { salt, cases: [lenet, stranger] }))
    expect([code, stdout.split('\n')]).toEqual([
      0,
      [
        expect.stringMatching(/^passed {3}lenet5@32x32 {2}output \d\.\de[+-]\d+$/),
        'unknown  stranger@32x32',
        '1 passed, 0 failed, 1 not in the registry',
        '',
      ],
    ])
  })

  it('prints the figures of a case that fails', async () => {
    const wrong = lenet.eval[0]!.sample.with(3, 7)
    const cases = [
      { ...lenet, eval: [{ ...lenet.eval[0]!, sample: wrong }] },
      { ...lenet, case: 'layers', stateDict: lenet.stateDict.with(1, ['conv1.offset', [6]]) },
      { ...lenet, case: 'shape', input: [1, 1, 3, 3] },
    ]
    const { code, stdout } = await golden(write('wrong.json', { salt, cases }))
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^FAILED {3}lenet5@32x32 {2}output \d\.\de[+-]\d+\n +output 0\[3\]: error .* above 0\.0001$/m,
    )
    expect(stdout).toMatch(
      /^FAILED {3}layers .*\n +state dict, entry 1: got \["conv1\.bias",\[6\]\], wanted \["conv1\.offset",\[6\]\]$/m,
    )
    expect(stdout).toMatch(/^FAILED {3}shape .*\n +could not be computed: .+$/m)
    expect(stdout).toContain('0 passed, 3 failed, 0 not in the registry')
  })

  it.each<[string, unknown, string[], RegExp, number]>([
    [
      'a pattern that matches nothing',
      { salt, cases: [lenet] },
      ['--only', 'zzz'],
      /nothing was checked: 'zzz' matches none of 1 cases/,
      1,
    ],
    [
      'networks that are all unknown',
      { salt, cases: [stranger] },
      [],
      /nothing was checked: none of these networks/,
      1,
    ],
    ['no cases', { salt, cases: [] }, [], /nothing was checked: no cases/, 1],
    ['a broken pattern', { salt, cases: [lenet] }, ['--only', '('], /--only takes a regular expression/, 2],
    ['an unknown option', { salt, cases: [lenet] }, ['--olny', 'x'], /--olny/, 2],
    ['text that is not JSON', '{"salt":', [], /bad\.json: is not JSON/, 2],
    ['no list of cases', { salt }, [], /bad\.json: .*it has no list of cases/, 2],
    [
      'a case that lacks something',
      { salt, cases: [{ ...lenet, eval: undefined }] },
      [],
      /case 0 \(lenet5@32x32\) has no valid eval/,
      2,
    ],
  ])('fails in one line on %s', async (_, content, args, message, expected) => {
    const { code, stderr } = await golden(write('bad.json', content), ...args)
    expect([code, stderr]).toEqual([expected, expect.stringMatching(message)])
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  it('fails in one line on a missing file, and on none', async () => {
    expect(await golden('gone.json')).toMatchObject({ code: 2, stderr: 'gone.json: no such file\n' })
    expect(await golden()).toMatchObject({ code: 2, stderr: expect.stringMatching(/^usage: .*\n$/) })
  })
})
