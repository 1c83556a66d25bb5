import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect } from 'vitest'

/** What PyTorch computes, written by fixtures/generate.py. */
export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(resolve(import.meta.dirname, 'fixtures', name), 'utf8')) as T
}

export function numbersIn(text: string): number[] {
  return text.split(' ').map(Number)
}

/** Every error is at most `relative` times the value, or `absolute`. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: readonly number[],
  { relative, absolute }: { readonly relative: number; readonly absolute: number },
): void {
  expect(actual).toHaveLength(expected.length)
  const wrong = expected.flatMap((value, i) =>
    Math.abs(actual[i]! - value) <= Math.max(relative * Math.abs(value), absolute)
      ? []
      : [`element ${i} is ${actual[i]}, not ${value}`],
  )
  expect(wrong).toEqual([])
}
