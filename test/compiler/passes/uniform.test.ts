import { expect, it } from 'vitest'
import { uniformValue } from '../../../src/compiler/passes/uniform.ts'
import * as g from '../../../src/graph/ops/index.ts'
import { leaf } from '../../support/pass-check.ts'

it('is the number that fills a constant, as its dtype holds it', () => {
  expect(uniformValue(g.full([2, 3], 0.1, 'float32'))).toBe(Math.fround(0.1))
  expect(uniformValue(g.full([2], 7, 'int32'))).toBe(7)
  expect(uniformValue(g.full([], 1, 'bool'))).toBe(1)
})

it('is not known of other nodes', () => {
  expect(uniformValue(leaf([2]))).toBeUndefined()
  expect(uniformValue(g.exp(g.full([2], 0, 'float32')))).toBeUndefined()
})
