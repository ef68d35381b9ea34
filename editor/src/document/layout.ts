/** The size every step is drawn with; fixed, so that nothing has to be measured before it can be placed. */
export const STEP_WIDTH = 256
export const STEP_HEIGHT = 76
/** A step with many ports is wider, so that their names stand apart. */
export const stepWidth = (ports: number): number => Math.max(STEP_WIDTH, ports * 104)

export interface LayoutGraph {
  steps: Array<{ id: string; width: number }>
  /** In the order of their ports: siblings are placed left to right in it. */
  edges: Array<[from: string, to: string]>
}

export type Places = Map<string, [x: number, y: number]>
