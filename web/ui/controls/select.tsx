/** A choice among many, or none of them. */
interface SelectProps {
  label: string;
  /** What no choice means. */
  all: string;
  options: readonly { value: string; label: string }[];
  value: string | undefined;
  onChange(value: string | undefined): void;
}

export function Select({ label, all, options, value, onChange }: SelectProps) {
  return (
    <label className="select">
      <span className="visually-hidden">{label}</span>
      <select className="input" value={value ?? ''} onChange={(event) => onChange(event.target.value || undefined)}>
        <option value="">{all}</option>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}
