//! The macro for the table of a half.

/// Makes the table of a half, and the methods that call what stands in it; after `else` what is done where the half is not here.
macro_rules! half {
    ($code:ident, $of:ident; $($name:ident($($argument:ident: $type:ty),*) -> $result:ty, else $absent:expr;)*) => {
        /// The half: each function by its name.
        pub(crate) struct $code {
            $($name: fn(&mut $crate::core::Engine, $($type),*) -> $result,)*
        }

        /// What stands in the table. Nothing but [`crate::parts`] names it, so that the code is only where that is.
        pub(crate) static ALL: $code = $code {
            $($name: |engine, $($argument),*| engine.$name($($argument),*),)*
        };

        /// The half, or what is done in its place.
        pub(in crate::core) struct $of<'a> {
            pub(super) engine: &'a mut $crate::core::Engine,
            pub(super) code: Option<&'static $code>,
        }

        impl $of<'_> {
            $(pub(in crate::core) fn $name(&mut self, $($argument: $type),*) -> $result {
                match self.code {
                    Some(code) => (code.$name)(self.engine, $($argument),*),
                    None => $absent,
                }
            })*
        }
    };
}

pub(super) use half;
