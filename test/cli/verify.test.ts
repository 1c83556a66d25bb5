import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createModel } from '../../src/models/index.ts'
import { saveSafetensors } from '../../src/weights/file.ts'
import { storeTensors } from '../../src/weights/from-tensors.ts'
import { weightTensor } from '../../src/weights/state-dict.ts'
import { type Finished, ocelli, temporaryFolder } from '../support/command-line.ts'
import { sharedPath } from '../support/shared.ts'

const cwd = temporaryFolder()
const verify = (...args: string[]): Promise<Finished> => ocelli(['verify', ...args], { cwd })
const file = (name: string): string => join(cwd, name)

describe('ocelli verify', () => {
  it('passes weights that fit, and says that nothing is known of their hash', async () => {
    await saveSafetensors(file('lenet.safetensors'), (await createModel('lenet5')).stateDict())
    const { code, stdout } = await verify('lenet.safetensors')
    expect(code).toBe(0)
    expect(stdout).toMatch(/hash +unknown/)
    expect(stdout).toMatch(/values +ok +all finite in 10 tensors/)
    expect(stdout).toMatch(/shapes +ok +fits .*lenet5/)
  })

  it('fails values that are not finite, negative variances and shapes of another network', async () => {
    const tensors = await storeTensors((await createModel('lenet5')).stateDict())
    tensors.set('conv1.bias', weightTensor([6], 'F32', Float32Array.of(1, Number.NaN, 3, 4, Infinity, 6)))
    await saveSafetensors(file('broken.safetensors'), tensors)
    const broken = await verify('broken.safetensors', '--model', 'resnet18', '--json')
    expect(broken.code).toBe(1)
    const { checks } = JSON.parse(broken.stdout) as {
      checks: { what: string; passed: boolean; detail: string }[]
    }
    expect(checks.map(({ what, passed }) => [what, passed])).toEqual([
      ['hash', null],
      ['values', false],
      ['shapes', false],
    ])
    expect(checks[1]!.detail).toContain('conv1.bias: 2 values are infinite or not a number')
    expect(checks[2]!.detail).toContain('these weights do not fit resnet18')
    const statistics = new Map([['bn.running_var', weightTensor([2], 'F32', Float32Array.of(1, -0.5))]])
    await saveSafetensors(file('variance.safetensors'), statistics)
    const { code, stdout } = await verify('variance.safetensors')
    expect(code).toBe(1)
    expect(stdout).toContain('bn.running_var: a variance is -0.5')
  })

  it('compares the hash asked for, or else that in the name', async () => {
    const digest = JSON.parse((await verify('lenet.safetensors', '--json')).stdout).sha256 as string
    expect((await verify('lenet.safetensors', '--sha256', digest.toUpperCase())).code).toBe(0)
    const wrong = await verify('lenet.safetensors', '--sha256', '00000000')
    expect(wrong.code).toBe(1)
    expect(wrong.stdout).toContain('--sha256 says 00000000…: download or copy the file again')
    copyFileSync(file('lenet.safetensors'), file(`lenet-${digest.slice(0, 8)}.safetensors`))
    expect((await verify(`lenet-${digest.slice(0, 8)}.safetensors`)).stdout).toMatch(/hash +ok/)
    copyFileSync(file('lenet.safetensors'), file('lenet-12345678.safetensors'))
    expect((await verify('lenet-12345678.safetensors')).code).toBe(1)
    expect((await verify('lenet.safetensors', '--sha256', 'xyz')).code).toBe(2)
  })

  it('says what is no file of weights', async () => {
    writeFileSync(file('cut.safetensors'), readFileSync(file('lenet.safetensors')).subarray(0, 1000))
    const { code, stderr } = await verify('cut.safetensors')
    expect(code).toBe(1)
    expect(stderr).toContain('cut.safetensors: ')
    expect(stderr).not.toContain('    at ')
  })

  const published = sharedPath('assets/weights/cifar10-resnet20-12fca82f.pth')
  it.skipIf(published === undefined)('knows a published file', async () => {
    const { code, stdout } = await verify(published!)
    expect(code, stdout).toBe(0)
    expect(stdout).toMatch(/hash +ok +published for resnet20.*: http/)
    expect(stdout).toMatch(/shapes +ok +fits /)
  })
})
