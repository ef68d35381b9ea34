export interface Limits {
  min: number
  max: number
  whole: boolean
}

/** Whether what stands in a number's input is one within the limits; an empty input holds ''. */
export const isBetween = (typed: number | string, { min, max, whole }: Limits): typed is number =>
  typeof typed === 'number' && typed >= min && typed <= max && (!whole || Number.isInteger(typed))

export const limitWords = ({ min, max, whole }: Limits): string =>
  `Write a ${whole ? 'whole ' : ''}number from ${min} to ${max}.`
