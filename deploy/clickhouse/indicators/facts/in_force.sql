SELECT * FROM x_directory(at = {{directory_at}}) WHERE in_force
