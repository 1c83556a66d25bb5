import type { DarknetAnchor, DarknetSection, DarknetSectionOf } from './config.ts'
import { darknetLimits, defined, type Entries } from './entries.ts'
import type { SectionKind, WrittenEntries } from './layer-kinds.ts'

const { channels } = darknetLimits

/** The first `num` pairs; all where a mask picks some. */
function anchorsOf(entries: Entries): DarknetAnchor[] {
  const given = entries.numbers('anchors')
  const num = entries.count('num', Math.ceil(given.length / 2), 1, channels)
  const sizes = entries.has('mask') ? given : given.slice(0, 2 * num)
  if (sizes.length % 2 !== 0) throw entries.error(`anchors must be pairs of numbers, got ${sizes.length}`)
  return Array.from({ length: sizes.length / 2 }, (_, i) => [sizes[2 * i]!, sizes[2 * i + 1]!] as const)
}

/** What both kinds of YOLOv3's layers have. */
function yoloBoxes(entries: Entries) {
  const all = anchorsOf(entries)
  const masked = entries.has('mask')
  const mask = masked ? entries.places('mask') : [...all.keys()]
  const kind = entries.text('nms_kind')
  const beta = entries.has('beta_nms') ? entries.number('beta_nms') : undefined
  return {
    anchors: mask.map((i) => {
      const anchor = all[i]
      if (anchor === undefined) throw entries.error(`mask ${i} is not in the anchors`)
      return anchor
    }),
    classes: entries.count('classes', 20, 1, channels),
    scaleXY: entries.number('scale_x_y', 1),
    mask: masked ? mask : undefined,
    allAnchors: masked ? all : undefined,
    suppression: kind === 'greedynms' || kind === 'diounms' ? kind : undefined,
    betaNms: beta,
  } as const
}

function writtenBoxes(section: DarknetSectionOf<'yolo' | 'gaussian_yolo'>): WrittenEntries {
  const all = section.allAnchors ?? section.anchors
  return {
    mask: section.mask,
    anchors: all.flat(),
    classes: section.classes,
    num: all.length,
    scale_x_y: section.scaleXY === 1 ? undefined : section.scaleXY,
    nms_kind: section.suppression,
    beta_nms: section.betaNms,
  }
}

type BoxTypes = Extract<DarknetSection['type'], 'yolo' | 'gaussian_yolo' | 'region' | 'detection'>

/** The layers that give boxes. */
export const boxKinds: { readonly [T in BoxTypes]: SectionKind<T> } = {
  yolo: {
    read: (entries) =>
      defined({
        ...yoloBoxes(entries),
        newCoordinates: entries.flag('new_coords') ? true : undefined,
      }),
    write: (section) => ({ ...writtenBoxes(section), new_coords: section.newCoordinates ? 1 : undefined }),
  },
  gaussian_yolo: {
    read: (entries) => {
      const point = entries.choice('yolo_point', ['center', 'left_top', 'right_bottom'])
      return defined({ ...yoloBoxes(entries), point })
    },
    write: (section) => ({ ...writtenBoxes(section), yolo_point: section.point }),
  },
  region: {
    read: (entries) => {
      entries.refuse('background')
      const all = anchorsOf(entries)
      const num = entries.count('num', 1, 1, channels)
      if (all.length < num) throw entries.error(`num is ${num}, but there are ${all.length} anchors`)
      return defined({
        anchors: all,
        classes: entries.count('classes', 20, 1, channels),
        coordinates: entries.count('coords', 4, 4, 256),
        softmax: entries.flag('softmax'),
        tree: entries.text('tree'),
      })
    },
    write: ({ anchors, classes, coordinates, softmax, tree }) => ({
      anchors: anchors.flat(),
      num: anchors.length,
      classes,
      coords: coordinates,
      softmax: softmax ? 1 : 0,
      tree,
    }),
  },
  detection: {
    read: (entries) => ({
      side: entries.count('side', 7, 1, darknetLimits.side),
      boxes: entries.count('num', 1, 1, channels),
      classes: entries.count('classes', 1, 1, channels),
      coordinates: entries.count('coords', 1, 1, 256),
      sqrt: entries.flag('sqrt'),
      softmax: entries.flag('softmax'),
    }),
    write: ({ side, boxes, classes, coordinates, sqrt, softmax }) => ({
      side,
      num: boxes,
      classes,
      coords: coordinates,
      sqrt: sqrt ? 1 : undefined,
      softmax: softmax ? 1 : undefined,
    }),
  },
}
