import { describe, test } from 'vitest'
import type { Backend } from '../../src/backends/backend.ts'
import { createReferenceBackend } from '../../src/backends/reference/index.ts'
import { optimize } from '../../src/compiler/optimize.ts'
import { allCases } from '../ops/cases/all.ts'
import { compareBackends } from '../support/op-compare.ts'

const reference = createReferenceBackend()
const optimizing: Backend = { ...reference, compile: (graph) => reference.compile(optimize(graph)) }

describe('the graphs of every op', () => {
  test.each(Object.entries(allCases))('%s', (name, opCase) =>
    compareBackends(name, opCase, optimizing, reference, { trials: 25 }),
  )
})
