/** Values by two numbers, a tree and an inode in it. When they become too many, all are forgotten. */
export interface Table<T> {
  get(tree: number, inode: number): T | undefined;
  /** also where the value is `undefined` */
  has(tree: number, inode: number): boolean;
  set(tree: number, inode: number, value: T): void;
}

export function createTable<T>(most: number): Table<T> {
  let trees = new Map<number, Map<number, T>>();
  let size = 0;
  return {
    get: (tree, inode) => trees.get(tree)?.get(inode),
    has: (tree, inode) => trees.get(tree)?.has(inode) === true,
    set(tree, inode, value) {
      if (size++ >= most) {
        trees = new Map();
        size = 1;
      }
      const row = trees.get(tree);
      if (row === undefined) trees.set(tree, new Map([[inode, value]]));
      else row.set(inode, value);
    },
  };
}
