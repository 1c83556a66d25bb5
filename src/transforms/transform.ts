import type { Generator } from '../tensor/generator.ts'
import type { Image } from './image.ts'

/** What a transform does, as plain JSON: its name and its options. `transformFrom` builds the transform again. */
export interface TransformDescription {
  readonly name: string
  readonly [option: string]: unknown
}

/** One step from image to image. Transforms never change the image they get. */
export interface Transform {
  /** torchvision's name, such as `CenterCrop`. */
  readonly name: string
  /** Whether `apply` draws random numbers and so needs a generator. */
  readonly random: boolean
  /** Random transforms draw from `generator` and throw without one; the others ignore it. */
  apply(image: Image, generator?: Generator): Image
  describe(): TransformDescription
  toString(): string
}

/** A transform without random numbers. `options` are its description: plain JSON values. */
export function defineTransform(
  name: string,
  options: Readonly<Record<string, unknown>>,
  apply: (image: Image) => Image,
): Transform {
  return {
    name,
    random: false,
    apply: (image) => apply(image),
    describe: () => ({ name, ...options }),
    toString: () => format(name, options),
  }
}

/** A transform that draws from the sample's generator. */
export function defineRandomTransform(
  name: string,
  options: Readonly<Record<string, unknown>>,
  apply: (image: Image, generator: Generator) => Image,
): Transform {
  return {
    name,
    random: true,
    apply: (image, generator) => {
      if (!generator) {
        throw new TypeError(
          `${name}: a random transform needs a generator: apply(image, new Generator(seed))`,
        )
      }
      return apply(image, generator)
    },
    describe: () => ({ name, ...options }),
    toString: () => format(name, options),
  }
}

function format(name: string, options: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(options).map(([key, value]) => `${key}=${formatValue(value)}`)
  return `${name}(${parts.join(', ')})`
}

function formatValue(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(formatValue).join(', ')}]` : String(value)
}

/** The transforms one after the other. */
export function compose(transforms: readonly Transform[]): Transform {
  const steps = [...transforms]
  return {
    name: 'Compose',
    random: steps.some((step) => step.random),
    apply: (image, generator) => steps.reduce((current, step) => step.apply(current, generator), image),
    describe: () => ({ name: 'Compose', transforms: steps.map((step) => step.describe()) }),
    toString: () => `Compose(\n${steps.map((step) => indent(step.toString())).join('\n')}\n)`,
  }
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}
