"""The thin imperative shell: devices, assembly, the plan, and the loop over phases."""
